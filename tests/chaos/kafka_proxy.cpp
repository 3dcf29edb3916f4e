#include "tests/chaos/kafka_proxy.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio.hpp>
#include <deque>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace ebc::chaos {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// What all connections share. The mutex guards all of it; the proxy's thread and the callers' use it.
class Weather {
 public:
  std::optional<MishapRule> take(Api api, bool of_requests) {
    const std::lock_guard lock(mutex_);
    for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
      if (rule->api != api || (rule->mishap == Mishap::RequestLate) != of_requests) continue;
      const MishapRule taken = *rule;
      ++happened_[fmt::format("{} {}", name_of(taken.api), name_of(taken.mishap))];
      if (--rule->times <= 0) rules_.erase(rule);
      return taken;
    }
    return std::nullopt;
  }
  void add(const MishapRule& rule) {
    const std::lock_guard lock(mutex_);
    rules_.push_back(rule);
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    rules_.clear();
  }
  std::map<std::string, std::size_t> happened() const {
    const std::lock_guard lock(mutex_);
    return happened_;
  }

 private:
  mutable std::mutex mutex_;
  std::list<MishapRule> rules_;
  std::map<std::string, std::size_t> happened_;
};

/// Steps that wait for a thaw. The proxy's thread only.
class Ice {
 public:
  void pass(std::function<void()> step) { frozen_ ? waiting_.push_back(std::move(step)) : step(); }
  void freeze() { frozen_ = true; }
  void thaw() {
    frozen_ = false;
    for (auto& step : std::exchange(waiting_, {})) step();
  }

 private:
  bool frozen_ = false;
  std::vector<std::function<void()>> waiting_;
};

/// One client connection and its connection to the broker. Lives as long as one of its operations is pending.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(tcp::socket client, asio::io_context& io, Weather& weather, Ice& ice)
      : client_(std::move(client)), broker_(io), late_request_(io), late_answer_(io), weather_(weather), ice_(ice) {}

  void start(const tcp::endpoint& endpoint) {
    broker_.async_connect(endpoint, [self = shared_from_this()](error_code error) {
      if (error) return;  // both sockets close with the link
      error_code ignored;
      self->client_.set_option(tcp::no_delay(true), ignored);
      self->broker_.set_option(tcp::no_delay(true), ignored);
      self->read_requests();
      self->read_responses();
    });
  }

 private:
  void read_requests() {
    client_.async_read_some(asio::buffer(request_bytes_), [self = shared_from_this()](error_code error, std::size_t n) {
      if (error) return self->client_gone();
      self->ice_.pass([self, n] {
        self->requests_.add({self->request_bytes_.data(), n});
        self->pass_requests();
      });
    });
  }

  void pass_requests() {
    const auto frame = requests_.next();
    if (!frame) return read_requests();
    if (const auto header = request_header(*frame)) {
      calls_[header->correlation_id] = header->api;
      if (const auto rule = weather_.take(header->api, true)) return send_later(*frame, rule->delay);
    }
    write(broker_, *frame, [self = shared_from_this()] { self->pass_requests(); });
  }

  /// The client's side breaks at once; the broker's gets the request later and is then left to answer nobody.
  void send_later(const std::string& frame, std::chrono::milliseconds delay) {
    is_orphaned_ = true;
    error_code ignored;
    client_.close(ignored);
    late_request_.expires_after(delay);
    late_request_.async_wait(
        [self = shared_from_this(), frame](error_code) { self->write(self->broker_, frame, [] {}); });
  }

  void client_gone() {
    if (!is_orphaned_) close();
  }

  void read_responses() {
    broker_.async_read_some(asio::buffer(response_bytes_),
                            [self = shared_from_this()](error_code error, std::size_t n) {
                              if (error) return self->close();
                              self->ice_.pass([self, n] {
                                self->responses_.add({self->response_bytes_.data(), n});
                                self->pass_responses();
                              });
                            });
  }

  void pass_responses() {
    const auto frame = responses_.next();
    if (!frame) return read_responses();
    const auto api = answered(*frame);
    if (is_orphaned_) return calls_.empty() ? close() : pass_responses();
    const auto rule = api ? weather_.take(*api, false) : std::nullopt;
    const auto pass = [self = shared_from_this(), frame] {
      self->write(self->client_, *frame, [self] { self->pass_responses(); });
    };
    if (!rule) return pass();
    switch (rule->mishap) {
      case Mishap::AnswerLost:
        return pass_responses();
      case Mishap::ConnectionCut:
        return close();
      case Mishap::AnswerLate:
        late_answer_.expires_after(rule->delay);
        return late_answer_.async_wait([pass](error_code) { pass(); });
      case Mishap::RequestLate:
        return pass();
    }
  }

  /// The call that this is the answer to.
  std::optional<Api> answered(std::string_view response) {
    const auto id = correlation_of_response(response);
    const auto call = id ? calls_.find(*id) : calls_.end();
    if (call == calls_.end()) return std::nullopt;
    const Api api = call->second;
    calls_.erase(call);
    return api;
  }

  template <typename Next>
  void write(tcp::socket& to, const std::string& frame, Next next) {
    const auto bytes = std::make_shared<std::string>(frame);
    asio::async_write(to, asio::buffer(*bytes),
                      [self = shared_from_this(), bytes, next](error_code error, std::size_t) {
                        if (error) return self->close();
                        next();
                      });
  }

  void close() {
    error_code ignored;
    client_.close(ignored);
    broker_.close(ignored);
  }

  tcp::socket client_, broker_;
  asio::steady_timer late_request_, late_answer_;
  Weather& weather_;
  Ice& ice_;
  std::array<char, 64 * 1024> request_bytes_, response_bytes_;
  FrameSplitter requests_, responses_;
  std::map<std::int32_t, Api> calls_;  ///< not answered yet, by correlation id
  bool is_orphaned_ = false;           ///< its client was cut off on purpose; a late request is still to be sent
};

}  // namespace

const char* name_of(Mishap mishap) {
  switch (mishap) {
    case Mishap::AnswerLost:
      return "AnswerLost";
    case Mishap::ConnectionCut:
      return "ConnectionCut";
    case Mishap::AnswerLate:
      return "AnswerLate";
    case Mishap::RequestLate:
      return "RequestLate";
  }
  return "";
}

class KafkaProxy::Impl {
 public:
  Impl(std::uint16_t port, std::uint16_t broker_port) : broker_(asio::ip::address_v4::loopback(), broker_port) {
    const tcp::endpoint local(asio::ip::address_v4::loopback(), port);
    error_code error;
    acceptor_.open(local.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(local, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) throw std::runtime_error(fmt::format("the proxy's port {}: {}", port, error.message()));
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }

  ~Impl() {
    io_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void freeze() {
    asio::post(io_, [this] { ice_.freeze(); });
  }
  void thaw() {
    asio::post(io_, [this] { ice_.thaw(); });
  }

  Weather weather_;

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket client) {
      if (error == asio::error::operation_aborted) return;
      if (!error) {
        auto link = std::make_shared<Link>(std::move(client), io_, weather_, ice_);
        ice_.pass([this, link] { link->start(broker_); });
      }
      accept();
    });
  }

  asio::io_context io_;
  Ice ice_;  ///< goes before io_, whose sockets it may hold
  const tcp::endpoint broker_;
  tcp::acceptor acceptor_{io_};
  std::thread thread_;
};

KafkaProxy::KafkaProxy(std::uint16_t port, std::uint16_t broker_port)
    : impl_(std::make_unique<Impl>(port, broker_port)) {}
KafkaProxy::~KafkaProxy() = default;
std::uint16_t KafkaProxy::port() const { return impl_->port(); }
void KafkaProxy::add(const MishapRule& rule) { impl_->weather_.add(rule); }
void KafkaProxy::freeze() { impl_->freeze(); }
void KafkaProxy::thaw() { impl_->thaw(); }
void KafkaProxy::heal() {
  impl_->weather_.forget();
  impl_->thaw();
}
std::map<std::string, std::size_t> KafkaProxy::happened() const { return impl_->weather_.happened(); }

}  // namespace ebc::chaos
