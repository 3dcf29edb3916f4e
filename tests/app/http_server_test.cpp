#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "app/http/server.h"
#include "tests/app/loopback_client.h"

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void serve(HttpLimits limits = {}) {
    server_ = std::make_unique<HttpServer>(
        limits, [this](const HttpCall& call, const std::shared_ptr<HttpExchange>& exchange) {
          if (call.target == "/throw") throw std::runtime_error("on purpose");
          if (call.target == "/forget") return;
          if (call.target == "/later") {
            later_.set_value(exchange);
            return;
          }
          if (call.target == "/stream") {
            streams_.set_value(exchange->stream({200, "text/event-stream"}));
            return;
          }
          exchange->send({200, "text/plain", call.method + " " + call.target + " " + call.authorization});
        });
    ASSERT_TRUE(server_->start("127.0.0.1", 0).ok());
  }

  /// Sends one request on a connection of its own and gives back all that the server says.
  std::string ask(std::string_view request) {
    LoopbackClient client(server_->port());
    client.send(request);
    return client.read_all();
  }

  std::promise<std::shared_ptr<HttpExchange>> later_;
  std::promise<std::shared_ptr<HttpStream>> streams_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, HandsTheCallOver) {
  serve();
  const auto answer = ask("GET /a?b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("X-Content-Type-Options: nosniff"),
                            EndsWith("\r\n\r\nGET /a?b Bearer t")));
}

TEST_F(HttpServerTest, KeepsAConnectionForFurtherRequests) {
  serve();
  LoopbackClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("GET /again "), StartsWith("HTTP/1.1 200 OK"));
  }
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  serve();
  const auto answer = ask("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(HasSubstr("Content-Length: 8"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, RefusesALargeHeader) {
  serve({.header_bytes = 1'024});
  const auto answer = ask("GET / HTTP/1.1\r\nX: " + std::string(4'000, 'a') + "\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 431"), HasSubstr("application/problem+json")));
}

TEST_F(HttpServerTest, RefusesALargeBodyByItsLengthAndByItsChunks) {
  serve({.body_bytes = 1'000});
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + std::string(1'001, 'a')),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("1000 bytes")));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2'000, 'a') +
                  "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(
      ask("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" + std::string(1'000, 'a')),
      StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, AnswersNonsenseWith400) {
  serve();
  EXPECT_THAT(ask("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
              StartsWith("HTTP/1.1 400"));
}

TEST_F(HttpServerTest, DropsAClientThatTakesTooLong) {
  serve({.read_timeout = Duration{50}});
  LoopbackClient slow(server_->port());
  slow.send("GET / HT");
  EXPECT_THAT(slow.read_all(), IsEmpty());
}

TEST_F(HttpServerTest, ShedsTheOldestIdleConnectionAtTheLimit) {
  serve({.connections = 2});
  LoopbackClient first(server_->port()), second(server_->port());
  const auto answered = [](LoopbackClient& client) {
    client.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    return !client.read_until("GET /x ").empty();
  };
  ASSERT_TRUE(answered(first));
  ASSERT_TRUE(answered(second));
  ASSERT_TRUE(answered(first));  // so the second is the one that has been idle longest
  LoopbackClient third(server_->port());
  EXPECT_TRUE(answered(third));
  EXPECT_THAT(second.read_all(), IsEmpty());
  EXPECT_TRUE(answered(first));
}

TEST_F(HttpServerTest, SurvivesAHandlerThatThrows) {
  serve();
  const auto answer = ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("on purpose"))));
  EXPECT_THAT(ask("GET / HTTP/1.0\r\n\r\n"), HasSubstr("200"));
}

TEST_F(HttpServerTest, TakesAnAnswerLaterAndFromAnotherThread) {
  serve();
  LoopbackClient client(server_->port());
  client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  auto exchange = later_.get_future().get();
  EXPECT_FALSE(exchange->gone());
  std::thread([&exchange] { std::exchange(exchange, {})->send({202, "text/plain", "at last"}); }).join();
  EXPECT_THAT(client.read_until("GET /next "),
              AllOf(StartsWith("HTTP/1.1 202"), HasSubstr("at last"), HasSubstr("HTTP/1.1 200")));
}

TEST_F(HttpServerTest, NoticesThatTheClientHasGoneWhileItsAnswerIsMade) {
  serve();
  std::shared_ptr<HttpExchange> exchange;
  {
    LoopbackClient client(server_->port());
    client.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    exchange = later_.get_future().get();
  }
  for (int i = 0; i < 500 && !exchange->gone(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(exchange->gone());
  exchange->send({200, "text/plain", "nobody"});
}

TEST_F(HttpServerTest, AnswersForAHandlerThatForgetsTo) {
  serve();
  EXPECT_THAT(ask("GET /forget HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

TEST_F(HttpServerTest, StreamsUntilTheClientGoes) {
  serve();
  std::shared_ptr<HttpStream> stream;
  {
    LoopbackClient client(server_->port());
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    stream = streams_.get_future().get();
    EXPECT_TRUE(stream->write("one\n\n"));
    EXPECT_THAT(client.read_until("one\n\n"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/event-stream")));
    EXPECT_TRUE(stream->write("two\n\n"));
    EXPECT_EQ(client.read_until("two\n\n"), "two\n\n");
  }
  for (int i = 0; i < 500 && !stream->gone(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(stream->gone());
  EXPECT_FALSE(stream->write("three\n\n"));
}

TEST_F(HttpServerTest, BoundsWhatWaitsForASlowStream) {
  serve({.stream_bytes = 200'000});
  LoopbackClient client(server_->port());
  client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto stream = streams_.get_future().get();
  const std::string piece(50'000, 'a');
  int taken = 0;
  while (taken < 1'000 && stream->write(piece)) ++taken;  // the client reads none of it
  EXPECT_LT(taken, 1'000);
  EXPECT_LE(stream->waiting(), 200'000U);
}

TEST_F(HttpServerTest, SaysThatAPortIsTaken) {
  serve();
  HttpServer other({}, [](const HttpCall&, const std::shared_ptr<HttpExchange>&) {});
  const auto status = other.start("127.0.0.1", server_->port());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr(std::to_string(server_->port())));
}

TEST_F(HttpServerTest, StopsWithConnectionsOpen) {
  serve();
  LoopbackClient client(server_->port());
  client.send("GET / HT");
  server_->stop();
  server_.reset();
  EXPECT_THAT(client.read_all(), IsEmpty());
}

}  // namespace
}  // namespace ebc::app
