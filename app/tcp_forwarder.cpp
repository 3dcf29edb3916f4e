#include "app/tcp_forwarder.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio.hpp>

#include "app/options/settings.h"

namespace ebc::app {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kMaxConnections = 256;

// One client, one connection to the target, a pump each way. Lives as long as one of its operations is pending.
class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(tcp::socket client, asio::io_context& io, std::shared_ptr<int> alive)
      : client_(std::move(client)), target_(io), alive_(std::move(alive)) {
    ++*alive_;
  }
  ~Relay() { --*alive_; }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start(const tcp::endpoint& endpoint) {
    target_.async_connect(endpoint, [self = shared_from_this()](error_code error) {
      if (error) return;  // both sockets close with the relay
      error_code ignored;
      self->client_.set_option(tcp::no_delay(true), ignored);
      self->target_.set_option(tcp::no_delay(true), ignored);
      self->pump(self->client_, self->target_, self->upstream_);
      self->pump(self->target_, self->client_, self->downstream_);
    });
  }

 private:
  using Buffer = std::array<char, 16 * 1024>;

  void pump(tcp::socket& from, tcp::socket& to, Buffer& buffer) {
    from.async_read_some(asio::buffer(buffer), [&, self = shared_from_this()](error_code error, std::size_t size) {
      if (error == asio::error::eof) {
        // The other way may still have something to say.
        error_code ignored;
        to.shutdown(tcp::socket::shutdown_send, ignored);
        return;
      }
      if (error) return self->close();
      asio::async_write(to, asio::buffer(buffer.data(), size), [&, self](error_code failed, std::size_t) {
        if (failed) return self->close();
        self->pump(from, to, buffer);
      });
    });
  }

  void close() {
    error_code ignored;
    client_.close(ignored);
    target_.close(ignored);
  }

  tcp::socket client_, target_;
  Buffer upstream_, downstream_;
  std::shared_ptr<int> alive_;  // relays in being; this thread only
};

}  // namespace

class TcpForwarder::Impl {
 public:
  explicit Impl(std::string target) : target_(std::move(target)) {}
  ~Impl() { stop(); }

  Status start(std::uint16_t port) {
    std::string host;
    std::uint16_t target_port = 0;
    error_code error;
    if (!split_address(target_, host, target_port)) return failed("no address to forward to");
    endpoint_ = tcp::endpoint(asio::ip::make_address(host, error), target_port);
    if (error) return failed(error.message());
    const tcp::endpoint local(asio::ip::address_v4::loopback(), port);
    acceptor_.open(local.protocol(), error);
    // A port in TIME_WAIT after the last run may be taken again; one with a listener may not.
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(local, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed(fmt::format("port {}: {}", port, error.message()));
    accept();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::uint16_t port() const {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  static Status failed(std::string message) { return {Verdict::Fatal, std::move(message)}; }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket client) {
      if (error == asio::error::operation_aborted) return;
      if (error) return pause();
      if (*alive_ < kMaxConnections) std::make_shared<Relay>(std::move(client), io_, alive_)->start(endpoint_);
      accept();
    });
  }

  // Out of file descriptors, most likely: trying again at once would only burn the processor.
  void pause() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code error) {
      if (!error) accept();
    });
  }

  const std::string target_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // outlives the relays that io_ holds
  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  asio::steady_timer retry_{io_};
  tcp::endpoint endpoint_;
  std::thread thread_;
};

TcpForwarder::TcpForwarder(std::string target) : impl_(std::make_unique<Impl>(std::move(target))) {}
TcpForwarder::~TcpForwarder() = default;
Status TcpForwarder::start(std::uint16_t port) { return impl_->start(port); }
std::uint16_t TcpForwarder::port() const { return impl_->port(); }
void TcpForwarder::stop() { impl_->stop(); }

}  // namespace ebc::app
