// What an endpoint answers, kept for a test to look at.
#pragma once

#include <memory>
#include <optional>

#include "app/http/exchange.h"

namespace ebc::app {

class FakeExchange final : public HttpExchange {
 public:
  void send(HttpReply reply) override {
    if (!reply_) reply_ = std::move(reply);
  }
  std::shared_ptr<HttpStream> stream(HttpReply head) override {
    class Sink final : public HttpStream {
      bool write(std::string) override { return true; }
      bool gone() const override { return false; }
      std::size_t waiting() const override { return 0; }
    };
    reply_ = std::move(head);
    return std::make_shared<Sink>();
  }
  bool gone() const override { return false; }

  /// Fails the test's expectation by its status 0 when nothing was answered.
  HttpReply reply() const { return reply_.value_or(HttpReply{.status = 0}); }

 private:
  std::optional<HttpReply> reply_;
};

}  // namespace ebc::app
