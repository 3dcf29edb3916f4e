#include "app/http/session.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <mutex>

namespace ebc::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr unsigned kHttp11 = 11;

std::string text_of(beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

/// Written to by whoever has something to tell, emptied by the session.
class HttpSession::Stream final : public HttpStream {
 public:
  Stream(std::weak_ptr<HttpSession> session, std::size_t bound) : session_(std::move(session)), bound_(bound) {}

  bool write(std::string bytes) override {
    const auto session = session_.lock();
    {
      const std::lock_guard lock(mutex_);
      if (session == nullptr || ended_ || pending_.size() + bytes.size() > bound_) return false;
      pending_ += bytes;
      if (std::exchange(asked_, true)) return true;
    }
    asio::post(session->stream_.get_executor(), [session] { session->write_stream(); });
    return true;
  }
  bool gone() const override {
    const std::lock_guard lock(mutex_);
    return ended_ || session_.expired();
  }
  std::size_t waiting() const override {
    const std::lock_guard lock(mutex_);
    return pending_.size();
  }

  /// What waits; empty: nothing, and the next write asks anew.
  std::string take() {
    const std::lock_guard lock(mutex_);
    if (pending_.empty()) asked_ = false;
    return std::exchange(pending_, {});
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    pending_.clear();
  }

 private:
  const std::weak_ptr<HttpSession> session_;
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::string pending_;  // guarded by mutex_, as the two below
  bool asked_ = true;    ///< the session comes to take what waits; at first once its head is out
  bool ended_ = false;
};

class HttpSession::Exchange final : public HttpExchange {
 public:
  Exchange(std::shared_ptr<HttpSession> session, std::shared_ptr<const std::atomic<bool>> gone, bool head,
           bool keep_alive)
      : session_(std::move(session)), gone_(std::move(gone)), head_(head), keep_alive_(keep_alive) {}
  ~Exchange() override { send(problem(500, "an internal error, see the log")); }

  void send(HttpReply reply) override {
    if (answered_.exchange(true)) return;
    auto& executor = session_->executor_;
    asio::dispatch(executor, [session = std::move(session_), reply = std::move(reply), head = head_,
                              keep = keep_alive_]() mutable { session->answer(std::move(reply), head, keep); });
  }
  std::shared_ptr<HttpStream> stream(HttpReply head) override {
    auto stream = std::make_shared<Stream>(session_, session_->limits_.stream_bytes);
    if (answered_.exchange(true)) return stream;
    auto& executor = session_->executor_;
    asio::dispatch(executor, [session = std::move(session_), head = std::move(head), stream]() mutable {
      session->begin_stream(std::move(head), stream);
    });
    return stream;
  }
  bool gone() const override { return gone_->load(); }
  bool answered() const { return answered_.load(); }

 private:
  std::shared_ptr<HttpSession> session_;
  const std::shared_ptr<const std::atomic<bool>> gone_;
  const bool head_, keep_alive_;
  std::atomic<bool> answered_{false};
};

HttpSession::HttpSession(asio::io_context& io, tcp::socket socket, const HttpLimits& limits,
                         const HttpServer::Handler& handler)
    : executor_(io),
      limits_(limits),
      handler_(handler),
      stream_(std::move(socket)),
      buffer_(limits.header_bytes + 64 * 1024) {
  beast::error_code ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
}

void HttpSession::shed() {
  if (gone_) gone_->store(true);
  if (open_stream_) open_stream_->end();
  open_stream_.reset();
  beast::error_code ignored;
  stream_.socket().close(ignored);
  kept_.reset();  // at the end: it may be the last reference
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

HttpCall HttpSession::take_call() {
  auto& request = parser_->get();
  const auto header = [&](auto name) { return text_of(request[name]); };
  HttpCall call{.method = text_of(request.method_string()), .target = text_of(request.target())};
  call.authorization = header(http::field::authorization);
  call.host = header(http::field::host);
  call.origin = header(http::field::origin);
  call.fetch_site = header("Sec-Fetch-Site");
  call.content_type = header(http::field::content_type);
  call.if_none_match = header(http::field::if_none_match);
  call.traceparent = header("traceparent");
  call.tracestate = header("tracestate");
  call.hop = request.find("Eb-Collector-Hop") != request.end();
  call.has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
  call.body = std::move(request.body());
  return call;
}

void HttpSession::on_read(beast::error_code error) {
  idle_since_.reset();
  if (error) return answer_read_error(error);
  const bool head = parser_->get().method() == http::verb::head;
  const bool keep_alive = parser_->get().keep_alive();
  stream_.expires_never();
  gone_ = std::make_shared<std::atomic<bool>>(false);
  auto exchange = std::make_shared<Exchange>(shared_from_this(), gone_, head, keep_alive);
  const std::weak_ptr<Exchange> answer = exchange;
  auto call = take_call();
  const auto what = fmt::format("{} {}", call.method, call.target);
  try {
    handler_(std::move(call), std::move(exchange));
  } catch (const std::exception& failure) {
    spdlog::error("http: {}: {}", what, failure.what());
  }
  if (const auto pending = answer.lock(); pending && !pending->answered()) watch();
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

void HttpSession::watch() {
  // A further request may be waiting behind this one: it is read when its turn comes, and the client is there.
  if (buffer_.size() > 0) return;
  watching_ = true;
  stream_.socket().async_wait(tcp::socket::wait_read, [weak = weak_from_this(), gone = gone_](beast::error_code error) {
    const auto self = weak.lock();
    if (self == nullptr || self->gone_ != gone) return;
    self->watching_ = false;
    if (error) return;
    char byte = 0;
    beast::error_code failed;
    auto& socket = self->stream_.socket();
    socket.non_blocking(true, failed);
    const auto got = socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, failed);
    if (failed == asio::error::would_block) return;
    if (!failed && got > 0) return;
    gone->store(true);
    if (self->open_stream_) self->shed();
  });
}

void HttpSession::answer(HttpReply reply, bool head, bool keep_alive) {
  if (gone_->load()) return shed();
  beast::error_code ignored;
  if (watching_) stream_.socket().cancel(ignored);
  write(std::move(reply), head, keep_alive);
}

HttpSession::Response HttpSession::response_of(HttpReply&& reply) {
  Response response{static_cast<http::status>(reply.status), kHttp11};
  if (!reply.content_type.empty()) response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  for (const auto& [name, value] : reply.headers) response.set(name, value);
  response.body() = std::move(reply.body);
  return response;
}

void HttpSession::write(HttpReply reply, bool head, bool keep_alive) {
  const bool bodiless = reply.status == 204 || reply.status == 304;
  response_ = response_of(std::move(reply));
  response_.keep_alive(keep_alive);
  if (!bodiless) response_.prepare_payload();
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

void HttpSession::begin_stream(HttpReply head, std::shared_ptr<Stream> stream) {
  response_ = response_of(std::move(head));
  response_.keep_alive(false);  // its end is the connection's
  serializer_.emplace(response_);
  serializer_->split(true);
  open_stream_ = std::move(stream);
  kept_ = shared_from_this();
  if (gone_->load()) return shed();
  if (!watching_) watch();
  stream_.expires_after(limits_.write_timeout);
  http::async_write_header(stream_, *serializer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
    if (error) return self->shed();
    self->write_stream();
  });
}

void HttpSession::write_stream() {
  if (!open_stream_ || !chunk_.empty()) return;
  chunk_ = open_stream_->take();
  if (chunk_.empty()) return stream_.expires_never();
  stream_.expires_after(limits_.write_timeout);
  asio::async_write(stream_, asio::buffer(chunk_), [self = shared_from_this()](beast::error_code error, std::size_t) {
    self->chunk_.clear();
    if (error) return self->shed();
    self->write_stream();
  });
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
