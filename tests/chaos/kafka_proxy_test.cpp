// The bad network itself, between a client and a broker that are a few lines each.
#include "tests/chaos/kafka_proxy.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <mutex>
#include <thread>

#include "tests/broker/wait.h"

namespace ebc::chaos {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
  return text;
}

std::string framed(const std::string& body) { return number(static_cast<std::uint32_t>(body.size()), 4) + body; }

std::string request(Api api, std::uint32_t id) {
  return framed(number(static_cast<std::uint32_t>(api), 2) + number(1, 2) + number(id, 4) + "what is asked");
}

std::string response(std::uint32_t id) { return framed(number(id, 4) + "what is answered"); }

/// Answers each request, and remembers them in the order in which they came, whatever their connection.
class FakeBroker {
 public:
  FakeBroker() : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeBroker() {
    io_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::vector<std::int32_t> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  struct Connection {
    explicit Connection(tcp::socket accepted) : socket(std::move(accepted)) {}
    tcp::socket socket;
    std::array<char, 1024> bytes{};
    FrameSplitter frames;
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      read(std::make_shared<Connection>(std::move(socket)));
      accept();
    });
  }

  void read(const std::shared_ptr<Connection>& connection) {
    connection->socket.async_read_some(
        asio::buffer(connection->bytes), [this, connection](boost::system::error_code error, std::size_t n) {
          if (error) return;
          connection->frames.add({connection->bytes.data(), n});
          while (const auto frame = connection->frames.next()) {
            const auto id = request_header(*frame)->correlation_id;
            {
              const std::lock_guard lock(mutex_);
              seen_.push_back(id);
            }
            boost::system::error_code ignored;
            asio::write(connection->socket, asio::buffer(response(static_cast<std::uint32_t>(id))), ignored);
          }
          read(connection);
        });
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::vector<std::int32_t> seen_;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(io_) { socket_.connect({asio::ip::address_v4::loopback(), port}); }
  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  /// What comes within `limit`; "" when nothing does, or the connection is closed.
  std::string receive(std::chrono::milliseconds limit) {
    std::array<char, 1024> bytes{};
    std::string got;
    socket_.async_read_some(asio::buffer(bytes), [&](boost::system::error_code error, std::size_t n) {
      is_closed_ = static_cast<bool>(error) && error != asio::error::operation_aborted;
      got.assign(bytes.data(), n);
    });
    io_.restart();
    io_.run_for(limit);
    if (!io_.stopped()) {
      socket_.cancel();
      io_.run();
    }
    return got;
  }
  bool is_closed() const { return is_closed_; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  bool is_closed_ = false;
};

class Proxy : public ::testing::Test {
 protected:
  FakeBroker broker_;
  KafkaProxy proxy_{0, broker_.port()};
};

TEST_F(Proxy, PassesEverythingOnUnchanged) {
  Client client(proxy_.port());
  const auto whole = request(Api::Produce, 1) + request(Api::EndTxn, 2);
  client.send(whole.substr(0, 5));
  client.send(whole.substr(5));

  std::string got;
  while (got.size() < 2 * response(1).size()) got += client.receive(5s);
  EXPECT_EQ(got, response(1) + response(2));
}

TEST_F(Proxy, LosesTheAnswerOfTheNamedCallOnly) {
  proxy_.add({.api = Api::EndTxn, .mishap = Mishap::AnswerLost});
  Client client(proxy_.port());
  client.send(request(Api::EndTxn, 1));
  client.send(request(Api::Produce, 2));
  client.send(request(Api::EndTxn, 3));

  std::string got;
  while (got.size() < 2 * response(1).size()) got += client.receive(5s);
  EXPECT_EQ(got, response(2) + response(3));
  EXPECT_EQ(broker_.seen(), (std::vector<std::int32_t>{1, 2, 3}));
  EXPECT_EQ(proxy_.happened().at("EndTxn AnswerLost"), 1U);
}

TEST_F(Proxy, CutsTheConnectionInsteadOfAnswering) {
  proxy_.add({.api = Api::TxnOffsetCommit, .mishap = Mishap::ConnectionCut});
  Client client(proxy_.port());
  client.send(request(Api::TxnOffsetCommit, 1));

  EXPECT_EQ(client.receive(5s), "");
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(broker_.seen(), std::vector<std::int32_t>{1});
}

TEST_F(Proxy, HoldsAnAnswerBack) {
  proxy_.add({.api = Api::EndTxn, .mishap = Mishap::AnswerLate, .delay = 300ms});
  Client client(proxy_.port());
  client.send(request(Api::EndTxn, 1));

  EXPECT_EQ(client.receive(100ms), "");
  EXPECT_FALSE(client.is_closed());
  EXPECT_EQ(client.receive(5s), response(1));
}

TEST_F(Proxy, BringsARequestToTheBrokerAfterItsRepeat) {
  proxy_.add({.api = Api::EndTxn, .mishap = Mishap::RequestLate, .delay = 300ms});
  Client first(proxy_.port());
  first.send(request(Api::EndTxn, 1));
  EXPECT_EQ(first.receive(5s), "");
  EXPECT_TRUE(first.is_closed());
  EXPECT_TRUE(broker_.seen().empty());

  Client second(proxy_.port());
  second.send(request(Api::EndTxn, 2));

  EXPECT_EQ(second.receive(5s), response(2));
  ASSERT_TRUE(broker_test::eventually(5s, [&] { return broker_.seen().size() == 2; }));
  EXPECT_EQ(broker_.seen(), (std::vector<std::int32_t>{2, 1}));
}

TEST_F(Proxy, FreezesOldAndNewConnectionsAndLosesNothing) {
  Client before(proxy_.port());
  before.send(request(Api::Produce, 1));
  EXPECT_EQ(before.receive(5s), response(1));
  proxy_.freeze();
  before.send(request(Api::Produce, 2));
  Client during(proxy_.port());
  during.send(request(Api::Produce, 3));
  EXPECT_EQ(before.receive(100ms), "");
  EXPECT_EQ(during.receive(100ms), "");
  EXPECT_EQ(broker_.seen(), std::vector<std::int32_t>{1});

  proxy_.thaw();

  EXPECT_EQ(before.receive(5s), response(2));
  EXPECT_EQ(during.receive(5s), response(3));
}

TEST_F(Proxy, ForgetsItsRulesWhenHealed) {
  proxy_.add({.api = Api::EndTxn, .mishap = Mishap::AnswerLost, .times = 5});
  proxy_.freeze();
  proxy_.heal();
  Client client(proxy_.port());
  client.send(request(Api::EndTxn, 1));

  EXPECT_EQ(client.receive(5s), response(1));
}

}  // namespace
}  // namespace ebc::chaos
