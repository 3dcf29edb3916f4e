#include "app/http/session.h"

#include <spdlog/spdlog.h>

#include <boost/beast/core.hpp>

namespace ebc::app {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

namespace {

constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr unsigned kHttp11 = 11;

}  // namespace

HttpSession::HttpSession(tcp::socket socket, const HttpLimits& limits, const HttpServer::Handler& handler)
    : limits_(limits), handler_(handler), stream_(std::move(socket)), buffer_(limits.header_bytes + 64 * 1024) {
  beast::error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
}

void HttpSession::shed() {
  beast::error_code ignored;
  stream_.socket().close(ignored);
}

void HttpSession::read() {
  idle_since_ = std::chrono::steady_clock::now();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser_->body_limit(limits_.body_bytes);
  stream_.expires_after(limits_.read_timeout);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
}

void HttpSession::on_read(beast::error_code error) {
  idle_since_.reset();
  if (error) return answer_read_error(error);
  const auto& request = parser_->get();
  const auto text = [](beast::string_view view) { return std::string(view.data(), view.size()); };
  const HttpCall call{text(request.method_string()), text(request.target()), text(request[http::field::authorization])};
  const bool head = request.method() == http::verb::head;
  try {
    write(handler_(call), head, request.keep_alive());
  } catch (const std::exception& failure) {
    spdlog::error("http: {} {}: {}", call.method, call.target, failure.what());
    write(problem(500, "an internal error, see the log"), head, false);
  }
}

void HttpSession::answer_read_error(beast::error_code error) {
  if (error == http::error::body_limit) {
    return write(problem(413, fmt::format("a body may have {} bytes", limits_.body_bytes)), false, false);
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return write(problem(431, fmt::format("the header may have {} bytes", limits_.header_bytes)), false, false);
  }
  // What comes from the parser is the client's fault; the rest (gone, timed out, shed) needs no answer.
  if (error.category() == http::make_error_code(http::error::bad_target).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    write(problem(400, error.message()), false, false);
  }
}

void HttpSession::write(HttpReply reply, bool head, bool keep_alive) {
  response_ = {static_cast<http::status>(reply.status), kHttp11};
  response_.set(http::field::content_type, reply.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : reply.headers) response_.set(name, value);
  response_.body() = std::move(reply.body);
  response_.keep_alive(keep_alive);
  response_.prepare_payload();
  serializer_.emplace(response_);
  serializer_->split(head);  // the header alone, with the length that a GET would get
  stream_.expires_after(limits_.write_timeout);
  const auto written = [self = shared_from_this(), keep_alive](beast::error_code error, std::size_t) {
    if (error) return;
    if (keep_alive) return self->read();
    self->linger();
  };
  if (head) {
    http::async_write_header(stream_, *serializer_, written);
  } else {
    http::async_write(stream_, *serializer_, written);
  }
}

void HttpSession::linger() {
  beast::error_code error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  if (error) return;
  if (!idle_since_) {  // once: a client that keeps sending is not waited for
    idle_since_ = std::chrono::steady_clock::now();
    stream_.expires_after(kLingerTime);
  }
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(16 * 1024),
                          [self = shared_from_this()](beast::error_code failed, std::size_t) {
                            if (!failed) self->linger();
                          });
}

}  // namespace ebc::app
