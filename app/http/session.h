// One HTTP connection: read a request, answer it, again; or a stream until one side ends it. Internal to the server.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "app/http/server.h"

namespace ebc::app {

/// Lives as long as one of its operations is pending or a call waits for its answer; the server knows it by weak_ptr.
/// Server's thread only, but for what says otherwise.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(boost::asio::io_context& io, boost::asio::ip::tcp::socket socket, const HttpLimits& limits,
              const HttpServer::Handler& handler);

  void start() { read(); }
  /// Ends the connection; its pending operation fails.
  void shed();

  /// Reading the same request (or waiting for its first byte) since then; nullopt while an answer is due.
  std::optional<std::chrono::steady_clock::time_point> idle_since() const { return idle_since_; }

 private:
  class Exchange;
  class Stream;

  void read();
  void on_read(boost::beast::error_code error);
  void answer_read_error(boost::beast::error_code error);
  HttpCall take_call();
  /// Notices when the client goes while its answer is made.
  void watch();
  void answer(HttpReply reply, bool head, bool keep_alive);
  void write(HttpReply reply, bool head, bool keep_alive);
  void begin_stream(HttpReply head, std::shared_ptr<Stream> stream);
  void write_stream();
  /// Says that no more comes and takes in what still does, so that the client gets to see the answer.
  void linger();

  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  static Response response_of(HttpReply&& reply);

  boost::asio::io_context& executor_;
  const HttpLimits& limits_;
  const HttpServer::Handler& handler_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  Response response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;
  std::optional<std::chrono::steady_clock::time_point> idle_since_;
  std::shared_ptr<std::atomic<bool>> gone_;  ///< of the call being answered; any thread
  bool watching_ = false;
  std::shared_ptr<Stream> open_stream_;
  std::shared_ptr<HttpSession> kept_;  ///< itself, while a stream is open: nothing else may be pending then
  std::string chunk_;                  ///< being written to the stream
};

}  // namespace ebc::app
