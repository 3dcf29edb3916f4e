// librdkafka's mock cluster as an embedded broker: in this process, in memory, without transactions. Good for `dev`
// and nothing else: aborted records stay visible, producers aren't fenced, a partition keeps 5 MB.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "processor/api/status.h"

namespace ebc::app {

class MockBroker {
 public:
  MockBroker();
  ~MockBroker();  ///< everything in it is gone

  Status start();
  Status create_topic(const std::string& name, int partitions);
  /// "127.0.0.1:PORT", a port of the system's choice.
  std::string address() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
