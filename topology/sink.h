// Where a stream thread's records go, and what makes them count: the guarantee, as an object.
//
// One commit is: begin, produce (outputs), settle_outputs, produce (changelog), commit, then the caller applies the
// state locally, then finish. Exactly-once makes commit the one point where everything counts. At-least-once makes it
// the one for state and offsets; outputs are seen before, and are acknowledged by then.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "processor/api/record.h"
#include "topology/log.h"
#include "topology/source.h"

namespace ebc::topology {

struct SinkRecord {
  std::string_view topic;
  std::optional<Partition> partition;  ///< none: by Java's partitioner from the key
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  Timestamp timestamp{};
  std::span<const Header> headers;
  int tag = -1;  ///< 0..65534: delivered_offset(tag) tells where the record went
};

/// One thread. After an error other than Retry the sink is of no more use, unless abort() works: its owner destroys it
/// and makes a new one under the same name, which ends whatever this one left open.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Connects; ends what an earlier sink of this name left open. Retry until Kafka answers.
  virtual Status open() = 0;
  virtual Status begin() = 0;
  /// Views are copied. An error is kept and given back by the next settle_outputs() or commit().
  virtual void produce(const SinkRecord& record) = 0;
  /// As produce(), a record that hops to its home. It counts once whatever the guarantee is, with the state and never
  /// before: read twice, it might open a group that has ended.
  virtual void rekey(const SinkRecord& record) { produce(record); }
  /// ProcessorContext::accepts.
  virtual bool accepts(std::string_view topic, std::size_t bytes) {
    (void)topic, (void)bytes;
    return true;
  }
  /// No more input is at hand: what was produced and waits for company should go. Returns within 1 ms or so.
  virtual void send_now() {}
  /// What is produced before settle_outputs() is seen at the commit only: somebody may wait for it, as for hops.
  virtual bool outputs_wait() const { return true; }
  virtual Status settle_outputs() = 0;
  /// AbortTransaction: nothing of it counts, or it isn't known whether it does; Fenced: somebody acts in our place.
  virtual Status commit(std::span<const LogPosition> positions, const Membership& membership) = 0;
  /// After commit(): the offset of the record produced with `tag` since begin(); none when it wasn't acknowledged.
  virtual std::optional<Offset> delivered_offset(int tag) const = 0;
  /// After the state was applied.
  virtual Status finish(std::span<const LogPosition> positions) = 0;

  /// Ends what was begun as if it had never been. Only an Ok answer is certain, and leaves the sink fit to begin again;
  /// never asked for after a commit() that got as far as the request, whose result would then be guessed at.
  virtual Status abort() { return {Verdict::AbortTransaction, "this sink is replaced instead"}; }

  /// True when the sink has to be replaced before it begins again: a late copy of a commit request may still be on its
  /// way (the client repeats them by itself), or an abort has left the client in a state that the broker refuses.
  virtual bool wants_replacing() const = 0;
};

using SinkFactory = std::function<std::unique_ptr<Sink>(RecordSource& source)>;

}  // namespace ebc::topology
