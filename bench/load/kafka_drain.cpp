#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/load/commands.h"
#include "bench/load/kafka_client.h"
#include "bench/load/outcome_check.h"

namespace ebc::bench {

using namespace topology;

namespace {

KafkaClient make_reader(const DrainOptions& options) {
  return make_client(RD_KAFKA_CONSUMER, make_conf(options.brokers, {{"group.id", "ebc-load-drain"},
                                                                    {"isolation.level", "read_committed"},
                                                                    {"enable.auto.commit", "false"},
                                                                    {"auto.offset.reset", "earliest"},
                                                                    {"fetch.wait.max.ms", "500"},
                                                                    {"socket.nagle.disable", "true"},
                                                                    {"enable.partition.eof", "true"}}));
}

/// For bench/run, which samples the CPU of what is measured when it reads the line.
void mark(const char* what, std::int64_t count, std::int64_t now_ns) {
  fmt::print(R"({{"mark":"{}","count":{},"ns":{}}})"
             "\n",
             what, count, now_ns);
  std::fflush(stdout);
}

/// Tells when the first outcomes came, when a tenth was there (what is measured has warmed up), and when all were.
class Progress {
 public:
  Progress(std::int64_t groups, bool silent) : groups_(groups), first_(silent), tenth_(silent), silent_(silent) {}

  void at(std::int64_t count, std::int64_t now_ns) {
    if (count > 0 && !first_) first_ = true, mark("first", count, now_ns);
    if (count >= groups_ / 10 && !tenth_) tenth_ = true, mark("tenth", count, now_ns);
    if (count < groups_ || all_ns_ != 0) return;
    all_ns_ = now_ns;
    if (!silent_) mark("all", count, now_ns);
  }
  /// 0: not yet.
  std::int64_t all_ns() const { return all_ns_; }

 private:
  const std::int64_t groups_;
  bool first_, tenth_;
  const bool silent_;
  std::int64_t all_ns_ = 0;
};

/// Reads until all is there and the grace is over, or nothing comes any more. `take` returns how many outcomes it has.
template <typename Take>
void read_until_complete(const DrainOptions& options, bool silent, Take&& take) {
  const KafkaClient reader = make_reader(options);
  assign_whole_topic(reader.get(), options.topic);
  const KafkaQueue queue(rd_kafka_queue_get_consumer(reader.get()));
  Progress progress(options.groups, silent);
  std::vector<rd_kafka_message_t*> messages(1'024);
  std::int64_t last = steady_ns();
  for (;;) {
    constexpr int kWaitMs = 5;
    // A batch call waits until it is full: the first message is waited for alone.
    messages[0] = rd_kafka_consume_queue(queue.get(), kWaitMs);
    ssize_t count = messages[0] != nullptr ? 1 : 0;
    if (count > 0) {
      count +=
          std::max<ssize_t>(0, rd_kafka_consume_batch_queue(queue.get(), 0, messages.data() + 1, messages.size() - 1));
    }
    const std::int64_t now = steady_ns();
    bool data = false;
    std::int64_t seen = 0;
    for (ssize_t i = 0; i < count; ++i) {
      const KafkaMessage message(messages[static_cast<std::size_t>(i)]);
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR || message->payload == nullptr) continue;
      data = true;
      seen = take({static_cast<const char*>(message->payload), message->len}, now);
    }
    if (data) progress.at(seen, last = now);
    const auto passed = [now](std::int64_t since, double seconds) {
      return static_cast<double>(now - since) > seconds * 1e9;
    };
    if (progress.all_ns() != 0 ? passed(progress.all_ns(), options.grace_s) : passed(last, options.idle_s)) return;
  }
}

}  // namespace

int drain(const DrainOptions& options) {
  OutcomeCheck check(options.prefix, options.groups, options.entities);
  const auto examine = [&check](std::string_view value, std::int64_t now) {
    check.take(value, now);
    return check.counts().distinct;
  };
  if (options.light) {
    std::int64_t count = 0;
    read_until_complete(options, false, [&count](std::string_view, std::int64_t) { return ++count; });
    mark("counted", count, steady_ns());
    DrainOptions again = options;
    again.idle_s = std::min(options.idle_s, 5.0);
    read_until_complete(again, true, examine);
  } else {
    read_until_complete(options, false, examine);
  }
  const OutcomeCounts& counts = check.counts();
  std::vector<std::int64_t>& latencies = check.latencies_ns();
  std::sort(latencies.begin(), latencies.end());
  const auto ms = [&latencies](double percent) { return percentile_ms(latencies, percent); };
  for (const std::string& complaint : check.complaints()) fmt::print(stderr, "ebc-load: {}\n", complaint);
  fmt::print(
      R"({{"outcomes":{},"distinct":{},"duplicates":{},"missing":{},"bad":{},"others":{},"succeeded":{},"failed":{},)"
      R"("timed_out":{},"latency_ms":{{"p50":{:.2f},"p90":{:.2f},"p99":{:.2f},"p999":{:.2f},"max":{:.2f}}},)"
      R"("cpu_s":{:.2f}}})"
      "\n",
      counts.outcomes, counts.distinct, counts.duplicates, check.missing(), counts.bad, counts.others, counts.succeeded,
      counts.failed, counts.timed_out, ms(50), ms(90), ms(99), ms(99.9), ms(100), cpu_seconds());
  return counts.duplicates + check.missing() + counts.bad == 0 ? 0 : 1;
}

}  // namespace ebc::bench
