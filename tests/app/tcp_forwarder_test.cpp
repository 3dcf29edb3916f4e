#include "app/tcp_forwarder.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/app/loopback_client.h"

namespace ebc::app {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

// Answers each connection with what it sent, once the client has finished sending.
class EchoAtTheEnd {
 public:
  explicit EchoAtTheEnd(int connections) : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
    thread_ = std::thread([this, connections] {
      for (int i = 0; i < connections; ++i) {
        tcp::socket client = acceptor_.accept();
        std::string text;
        boost::system::error_code ended;
        boost::asio::read(client, boost::asio::dynamic_buffer(text), ended);
        boost::asio::write(client, boost::asio::buffer(text), ended);
      }
    });
  }
  ~EchoAtTheEnd() { thread_.join(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(TcpForwarder, PassesBytesBothWaysAndTheEndToo) {
  EchoAtTheEnd echo(1);
  TcpForwarder forwarder(echo.address());
  ASSERT_TRUE(forwarder.start(0).ok());
  LoopbackClient client(forwarder.port());
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
  client.send(text);
  client.finish_sending();
  EXPECT_EQ(client.read_all(), text);
}

TEST(TcpForwarder, ServesSeveralConnections) {
  EchoAtTheEnd echo(2);
  TcpForwarder forwarder(echo.address());
  ASSERT_TRUE(forwarder.start(0).ok());
  for (const std::string text : {"one", "two"}) {
    LoopbackClient client(forwarder.port());
    client.send(text);
    client.finish_sending();
    EXPECT_EQ(client.read_all(), text);
  }
}

TEST(TcpForwarder, ClosesAConnectionWhoseTargetIsGone) {
  TcpForwarder forwarder("127.0.0.1:1");
  ASSERT_TRUE(forwarder.start(0).ok());
  EXPECT_EQ(LoopbackClient(forwarder.port()).read_all(), "");
}

TEST(TcpForwarder, SaysThatAPortIsTaken) {
  TcpForwarder first("127.0.0.1:1"), second("127.0.0.1:1");
  ASSERT_TRUE(first.start(0).ok());
  const auto status = second.start(first.port());
  EXPECT_THAT(status.message(), HasSubstr(std::to_string(first.port())));
}

TEST(TcpForwarder, RefusesATargetThatIsNoAddress) {
  TcpForwarder forwarder("nowhere");
  EXPECT_FALSE(forwarder.start(0).ok());
}

}  // namespace
}  // namespace ebc::app
