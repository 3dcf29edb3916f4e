#include "app/http/server.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "app/http/session.h"

namespace ebc::app {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class HttpServer::Impl {
 public:
  Impl(HttpLimits limits, Handler handler) : limits_(limits), handler_(std::move(handler)) {}
  ~Impl() { stop(); }

  Status start(const std::string& host, std::uint16_t port) {
    error_code error;
    tcp::resolver resolver(io_);
    const auto found = resolver.resolve(host, fmt::format("{}", port), tcp::resolver::passive, error);
    if (error) return failed(host, port, error);
    const auto endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return failed(host, port, error);
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
    for (const auto& known : sessions_) {
      if (const auto session = known.lock()) session->shed();
    }
    sessions_.clear();
  }

  std::size_t connections() {
    forget_ended();
    return sessions_.size();
  }
  asio::io_context& io() { return io_; }

 private:
  static Status failed(const std::string& host, std::uint16_t port, error_code error) {
    return {Verdict::Fatal, fmt::format("can't listen on {}:{}: {}", host, port, error.message())};
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return pause();
      make_room();
      auto session = std::make_shared<HttpSession>(io_, std::move(socket), limits_, handler_);
      sessions_.push_back(session);
      session->start();
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

  void forget_ended() {
    std::erase_if(sessions_, [](const auto& session) { return session.expired(); });
  }

  void make_room() {
    forget_ended();
    if (sessions_.size() < limits_.connections) return;
    std::shared_ptr<HttpSession> oldest;
    for (const auto& known : sessions_) {
      auto session = known.lock();
      if (session == nullptr || !session->idle_since()) continue;
      if (oldest == nullptr || *session->idle_since() < *oldest->idle_since()) oldest = std::move(session);
    }
    // All are being answered: the first in the list gives way, it has had the longest time to read its answer.
    if (oldest == nullptr) oldest = sessions_.front().lock();
    if (oldest == nullptr) return;
    oldest->shed();
    std::erase_if(sessions_, [&](const auto& session) { return session.lock() == oldest; });
  }

  const HttpLimits limits_;
  const Handler handler_;
  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  asio::steady_timer retry_{io_};
  std::vector<std::weak_ptr<HttpSession>> sessions_;  // the server's thread only, as all that follows from accept()
  std::thread thread_;
};

HttpServer::HttpServer(HttpLimits limits, Handler handler)
    : impl_(std::make_unique<Impl>(limits, std::move(handler))) {}
HttpServer::~HttpServer() = default;
Status HttpServer::start(const std::string& host, std::uint16_t port) { return impl_->start(host, port); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
void HttpServer::stop() { impl_->stop(); }
asio::io_context& HttpServer::io() { return impl_->io(); }

}  // namespace ebc::app
