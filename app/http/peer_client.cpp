#include "app/http/peer_client.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "app/options/settings.h"

namespace ebc::app {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::size_t kBodyBytes = std::size_t{16} << 20;
constexpr std::size_t kCallsAtOnce = 256;  // to one instance
constexpr std::size_t kKept = 16;          // connections to one instance
constexpr unsigned kHttp11 = 11;

Status no_answer(const std::string& base, const beast::error_code& error) {
  return {Verdict::Retry, fmt::format("the instance at {} doesn't answer: {}", base, error.message())};
}

using Request = http::request<http::empty_body>;

Request request_for(const PeerCall& call, const std::string& token) {
  Request request{http::verb::get, call.target, kHttp11};
  request.set(http::field::host, call.base.substr(call.base.find("//") + 2));
  if (call.hop) request.set("Eb-Collector-Hop", "1");
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  return request;
}

/// Addresses are given as numbers or names; a name is looked up by the system, on this thread, so instances should
/// advertise numbers where the resolver is slow.
std::optional<tcp::resolver::results_type> endpoints_of(asio::io_context& io, const std::string& base,
                                                        beast::error_code& error) {
  std::string host;
  std::uint16_t port = 0;
  if (!base.starts_with("http://") || !split_address(std::string_view(base).substr(7), host, port)) {
    error = asio::error::invalid_argument;
    return std::nullopt;
  }
  tcp::resolver resolver(io);
  auto found = resolver.resolve(host, fmt::format("{}", port), error);
  if (error || found.empty()) return std::nullopt;
  return found;
}

}  // namespace

/// One connection, one call at a time.
class PeerClient::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(asio::io_context& io, std::string base) : io_(io), base_(std::move(base)), stream_(io) {}

  bool used() const { return used_; }
  const std::string& base() const { return base_; }
  bool reusable() const { return reusable_; }

  void call(const PeerCall& call, const std::string& token, Done done) {
    request_ = request_for(call, token);
    done_ = std::move(done);
    parser_.emplace();
    parser_->body_limit(kBodyBytes);
    stream_.expires_after(call.timeout);
    reusable_ = false;
    if (used_) return write();
    beast::error_code error;
    const auto endpoints = endpoints_of(io_, base_, error);
    if (!endpoints) {
      return asio::post(io_, [self = shared_from_this(), error] { self->finish(no_answer(self->base_, error)); });
    }
    stream_.async_connect(*endpoints, [self = shared_from_this()](beast::error_code failed, const tcp::endpoint&) {
      if (failed) return self->finish(no_answer(self->base_, failed));
      beast::error_code ignored;
      self->stream_.socket().set_option(tcp::no_delay(true), ignored);
      self->write();
    });
  }

 private:
  void write() {
    http::async_write(stream_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->finish(no_answer(self->base_, error));
      self->read();
    });
  }

  void read() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->finish(no_answer(self->base_, error));
      self->take_reply();
    });
  }

  void take_reply() {
    auto& response = parser_->get();
    reusable_ = parser_->keep_alive();
    // Something else may answer at an address that an instance has left.
    if (response.find("Eb-Collector-Instance") == response.end()) {
      return finish(Status{Verdict::Retry, fmt::format("what answers at {} is no instance of eb-collector", base_)});
    }
    const auto type = response[http::field::content_type];
    finish(PeerReply{response.result_int(), std::string(type.data(), type.size()), std::move(response.body())});
  }

  void finish(Result<PeerReply> result) {
    stream_.expires_never();
    used_ = true;
    auto done = std::exchange(done_, {});
    done(std::move(result));
  }

  asio::io_context& io_;
  const std::string base_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Request request_;
  std::optional<http::response_parser<http::string_body>> parser_;
  Done done_;
  bool used_ = false, reusable_ = false;
};

struct PeerClient::Peer {
  std::vector<std::shared_ptr<Connection>> idle;
  std::size_t calls = 0;
};

PeerClient::PeerClient(asio::io_context& io, std::string token) : io_(io), token_(std::move(token)) {}
PeerClient::~PeerClient() = default;

void PeerClient::get(PeerCall call, Done done) {
  Peer& peer = peers_[call.base];
  if (peer.calls >= kCallsAtOnce) {
    return done(Status{Verdict::Retry, fmt::format("{} calls to {} are under way already", peer.calls, call.base)});
  }
  ++peer.calls;
  std::shared_ptr<Connection> connection;
  if (peer.idle.empty()) {
    connection = std::make_shared<Connection>(io_, call.base);
  } else {
    connection = std::move(peer.idle.back());
    peer.idle.pop_back();
  }
  start(connection, std::move(call), std::move(done));
}

void PeerClient::start(const std::shared_ptr<Connection>& connection, PeerCall call, Done done) {
  const bool was_used = connection->used();
  // Weak: a connection that held itself would outlive a server that stops in the middle of a call.
  connection->call(call, token_,
                   [this, weak = std::weak_ptr(connection), was_used, call, done](Result<PeerReply> result) {
                     if (!result.ok() && was_used) {
                       // The other side may have closed it while nobody looked.
                       return start(std::make_shared<Connection>(io_, call.base), call, done);
                     }
                     Peer& peer = peers_[call.base];
                     --peer.calls;
                     const auto held = weak.lock();
                     if (result.ok() && held && held->reusable() && peer.idle.size() < kKept) peer.idle.push_back(held);
                     if (!result.ok()) peer.idle.clear();
                     done(std::move(result));
                   });
}

/// Ends with the Subscription that the caller holds: what is pending then finds it gone.
class PeerClient::Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(asio::io_context& io, PeerCall call, OnBytes on_bytes)
      : io_(io), call_(std::move(call)), on_bytes_(std::move(on_bytes)), stream_(io) {}

  void start(const std::string& token) {
    request_ = request_for(call_, token);
    beast::error_code error;
    const auto endpoints = endpoints_of(io_, call_.base, error);
    if (!endpoints) return asio::post(io_, [self = shared_from_this()] { self->end(); });
    stream_.expires_after(call_.timeout);
    stream_.async_connect(*endpoints, [self = shared_from_this()](beast::error_code failed, const tcp::endpoint&) {
      if (failed) return self->end();
      http::async_write(self->stream_, self->request_, [self](beast::error_code not_sent, std::size_t) {
        if (not_sent) return self->end();
        self->read_head();
      });
    });
  }

  void cancel() {
    on_bytes_ = {};
    beast::error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void read_head() {
    http::async_read_header(stream_, buffer_, parser_,
                            [self = shared_from_this()](beast::error_code error, std::size_t) {
                              if (error || self->parser_.get().result() != http::status::ok) return self->end();
                              self->tell();
                            });
  }

  void tell() {
    if (buffer_.size() > 0 && on_bytes_) {
      const auto data = buffer_.data();
      on_bytes_({static_cast<const char*>(data.data()), data.size()});
      buffer_.consume(buffer_.size());
    }
    if (!on_bytes_) return;
    // Streams say something every few seconds, so silence means that the other side is gone.
    constexpr auto kSilence = std::chrono::seconds(20);
    constexpr std::size_t kPiece = 16 * 1024;
    stream_.expires_after(kSilence);
    stream_.async_read_some(buffer_.prepare(kPiece),
                            [self = shared_from_this()](beast::error_code error, std::size_t n) {
                              if (error) return self->end();
                              self->buffer_.commit(n);
                              self->tell();
                            });
  }

  void end() {
    if (auto on_bytes = std::exchange(on_bytes_, {})) on_bytes({});
  }

  asio::io_context& io_;
  const PeerCall call_;
  OnBytes on_bytes_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Request request_;
  http::response_parser<http::empty_body> parser_;
};

std::unique_ptr<PeerClient::Subscription> PeerClient::subscribe(const PeerCall& call, OnBytes on_bytes) {
  class Held final : public Subscription {
   public:
    explicit Held(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
    ~Held() override { stream_->cancel(); }

   private:
    std::shared_ptr<Stream> stream_;
  };
  auto stream = std::make_shared<Stream>(io_, call, std::move(on_bytes));
  stream->start(token_);
  return std::make_unique<Held>(std::move(stream));
}

}  // namespace ebc::app
