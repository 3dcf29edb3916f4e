#include "app/http/service.h"

#include <boost/asio/steady_timer.hpp>

#include "app/http/engine_placement.h"

namespace ebc::app {
namespace {

constexpr int kWorkers = 2;
constexpr std::size_t kTasksWaiting = 1'024;
constexpr auto kBeat = std::chrono::milliseconds(200);

}  // namespace

/// Members are destroyed from below: what answers calls goes before what it stands on. The server's thread and the
/// workers are stopped before any of them.
class HttpService::Impl {
 public:
  explicit Impl(Parts parts)
      : placement_(parts.engine, parts.session_timeout),
        server_(HttpLimits{},
                [this](HttpCall call, std::shared_ptr<HttpExchange> exchange) { endpoints_.handle(call, exchange); }),
        workers_(kWorkers, kTasksWaiting),
        peers_(server_.io(), parts.access.token()),
        api_({server_.io(), workers_, placement_, parts.recent, peers_, &parts.floors}, parts.recent,
             std::move(parts.api)),
        endpoints_([&engine = parts.engine] { return engine.snapshot(); }, parts.access, std::move(parts.metrics),
                   [this](const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
                     api_.handle(target, call, exchange);
                   }),
        beat_(server_.io()) {}

  ~Impl() {
    server_.stop();
    workers_.stop();
  }

  Status start(const std::string& host, std::uint16_t port) {
    beat();
    return server_.start(host, port);
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  void beat() {
    placement_.beat();
    beat_.expires_after(kBeat);
    beat_.async_wait([this](boost::system::error_code error) {
      if (!error) beat();
    });
  }

  EnginePlacement placement_;
  HttpServer server_;
  WorkerPool workers_;
  PeerClient peers_;
  Api api_;
  Endpoints endpoints_;
  boost::asio::steady_timer beat_;
};

HttpService::HttpService(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
HttpService::~HttpService() = default;
Status HttpService::start(const std::string& host, std::uint16_t port) { return impl_->start(host, port); }
std::uint16_t HttpService::port() const { return impl_->port(); }

}  // namespace ebc::app
