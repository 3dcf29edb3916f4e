#include "app/kafka_mock_broker.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <spdlog/spdlog.h>

namespace ebc::app {
namespace {

struct Free {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
};

void on_log(const rd_kafka_t*, int, const char* facility, const char* text) { spdlog::debug("{}: {}", facility, text); }

}  // namespace

class MockBroker::Impl {
 public:
  Status start() {
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    char why[512];
    // The mock cluster lives on a handle that is used for nothing else.
    owner_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why));
    if (owner_ == nullptr) {
      rd_kafka_conf_destroy(conf);
      return {Verdict::Fatal, fmt::format("the embedded broker can't be made: {}", why)};
    }
    cluster_.reset(rd_kafka_mock_cluster_new(owner_.get(), 1));
    if (cluster_ == nullptr) return {Verdict::Fatal, "the embedded broker can't be made: no free loopback port"};
    return {};
  }

  Status create_topic(const std::string& name, int partitions) {
    const auto code = rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return {Verdict::Fatal,
            fmt::format("topic {} can't be made in the embedded broker: {}", name, rd_kafka_err2str(code))};
  }

  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }

 private:
  std::unique_ptr<rd_kafka_t, Free> owner_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Free> cluster_;
};

MockBroker::MockBroker() : impl_(std::make_unique<Impl>()) {}
MockBroker::~MockBroker() = default;
Status MockBroker::start() { return impl_->start(); }
Status MockBroker::create_topic(const std::string& name, int partitions) {
  return impl_->create_topic(name, partitions);
}
std::string MockBroker::address() const { return impl_->address(); }

}  // namespace ebc::app
