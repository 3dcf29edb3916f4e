// Runs the word counter of the tutorial against a real Kafka: words in on topic "words", counts out on "counts".
//
//   example-word-count [BROKERS [STATE-FOLDER]]
#include <signal.h>

#include <cstdio>
#include <thread>

#include "tests/topology/word_count.h"
#include "topology/engine.h"

int main(int argc, char** argv) {
  // Signals are waited for by a thread of its own: before any other is started, so that all inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ebc::topology::EngineConfig config;
  config.brokers = argc > 1 ? argv[1] : "127.0.0.1:9092";
  config.state_dir = argc > 2 ? argv[2] : "/tmp/word-count-state";
  config.app_id = "word-count";
  config.input_topic = "words";
  config.output_topics = {"counts"};
  config.create_topics = ebc::topology::CreateTopics::All;
  config.partitions = 4;

  ebc::topology::Engine engine(config, ebc::example::word_count());
  std::thread([&engine, signals] {
    int number = 0;
    sigwait(&signals, &number);
    engine.request_stop();
  }).detach();
  auto failure = engine.start();
  if (!failure.failed()) failure = engine.wait();
  if (failure.failed()) std::fprintf(stderr, "%s\n", failure.message.c_str());
  return failure.failed() ? 1 : 0;
}
