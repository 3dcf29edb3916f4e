// One HTTP connection: read a request, answer it, again. Internal to the server.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "app/http/server.h"

namespace ebc::app {

/// Lives as long as one of its operations is pending; the server knows it by weak_ptr. Server's thread only.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::ip::tcp::socket socket, const HttpLimits& limits, const HttpServer::Handler& handler);

  void start() { read(); }
  /// Ends the connection; its pending operation fails.
  void shed();

  /// Reading the same request (or waiting for its first byte) since then; nullopt while an answer is written.
  std::optional<std::chrono::steady_clock::time_point> idle_since() const { return idle_since_; }

 private:
  void read();
  void on_read(boost::beast::error_code error);
  void answer_read_error(boost::beast::error_code error);
  void write(HttpReply reply, bool head, bool keep_alive);
  /// Says that no more comes and takes in what still does, so that the client gets to see the answer.
  void linger();

  const HttpLimits& limits_;
  const HttpServer::Handler& handler_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;
  std::optional<std::chrono::steady_clock::time_point> idle_since_;
};

}  // namespace ebc::app
