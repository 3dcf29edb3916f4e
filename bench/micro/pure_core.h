// The collector as the engine drives it, without Kafka: route, home, process, and a commit every so many records.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/collector.h"
#include "state/committed_store.h"
#include "state/transaction_buffer.h"

namespace ebc::bench {

/// Events of a load, made beforehand.
struct Script {
  struct Line {
    std::string key, value;
  };
  std::vector<Line> lines;
};
Script make_script(std::int64_t groups, int entities, std::int64_t interleave);

class PureCore {
 public:
  /// `stores`: one for each home.
  PureCore(std::vector<std::shared_ptr<state::CommittedStore>> stores, std::size_t records_a_commit);
  ~PureCore();

  void process(const Script& script);

  std::size_t outcomes() const { return outcomes_; }
  std::size_t rows() const { return rows_; }  ///< written in commits: what the changelog would get

 private:
  class Home;
  void commit();

  std::vector<std::shared_ptr<state::CommittedStore>> stores_;
  const std::size_t records_a_commit_;
  std::unique_ptr<ProcessorSupplier> supplier_;
  std::vector<std::unique_ptr<Home>> homes_;
  std::size_t records_ = 0, outcomes_ = 0, rows_ = 0;
  Offset offset_ = 0;
};

}  // namespace ebc::bench
