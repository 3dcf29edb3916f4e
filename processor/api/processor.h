// The contract between the engine and what runs on it. Nothing here knows Kafka, RocksDB or event groups.
//
// The engine splits the application by *home*: a partition of its state. A record's home follows from its routing key
// alone; the engine brings every record to its home, whatever partition its producer chose. Each home has one
// processor, one store and one clock, all used by one thread at a time, so nothing here needs a lock.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "processor/api/key_value_store.h"
#include "processor/api/record.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc {

/// What a processor may do. Owned by the engine; outlives the processor.
class ProcessorContext {
 public:
  virtual ~ProcessorContext() = default;

  virtual Partition home() const = 0;
  virtual KeyValueStore& store() = 0;

  /// Writes a record in the open transaction. A failure surfaces at the commit, which then fails as a whole.
  virtual void forward(const Output& output) = 0;

  /// False: the broker is known to refuse such a record for good (no such topic, not allowed, too large). To be asked
  /// before forward() about topics that the processor was told by its input; a refusal that is found only at the commit
  /// fails it, and is known when the input is processed again.
  virtual bool accepts(std::string_view topic, std::size_t bytes) {
    (void)topic, (void)bytes;
    return true;
  }

  /// The wall clock, read once a turn of the loop. For timestamps of outputs; never to decide what is late.
  virtual Timestamp now() const = 0;

  /// The home's clock: everything that was in the inputs at this time has been read. Never goes back.
  virtual Timestamp clock() const = 0;
};

/// Life: init once (the store holds the restored state), then any of process, punctuate and flush, then destruction. A
/// processor that loses its home, or whose transaction is lost, is destroyed as it is and a new one is made over the
/// committed state: what it holds in memory must be derived from the store or be forgettable.
/// An error of the store is passed up as it came; bad input is never an error.
class Processor {
 public:
  virtual ~Processor() = default;

  virtual Status init(ProcessorContext& context) = 0;

  /// `time` is the record's timestamp, raised to the home's clock and lowered to the present: the time to judge it by.
  virtual Status process(const Record& record, Timestamp time) = 0;

  /// Called when clock > next_punctuation(). Handles what is due, a bounded amount a call (the engine calls again while
  /// something is due), so that input isn't starved.
  virtual Status punctuate(Timestamp clock) = 0;

  /// The earliest deadline; kNever when there is none. Asked after every turn: must be cheap.
  virtual Timestamp next_punctuation() const = 0;

  /// Before each commit: writes everything that is held back in memory into the store.
  virtual Status flush() = 0;

  /// Bytes that flush() would write, roughly. The engine commits early when they grow beyond its bound.
  virtual std::size_t unflushed_bytes() const { return 0; }
};

/// Where a record goes.
struct Route {
  enum class Kind : unsigned char {
    Skip,     ///< not for this application: only its offset is kept
    Keyed,    ///< to the home of `key`
    Unkeyed,  ///< to no home in particular: processed where it was read
  };
  Kind kind = Kind::Skip;
  std::string_view key;  ///< valid until the next route()
};

/// One for each stream thread, used by that thread only; makes the processors of the homes that the thread holds.
class ProcessorSupplier {
 public:
  virtual ~ProcessorSupplier() = default;

  /// Must depend on the record alone. A record that is routed to a home of this thread is processed right after, so
  /// what was parsed here may be kept for that call.
  virtual Route route(const Record& record) = 0;

  virtual std::unique_ptr<Processor> make_processor() = 0;
};

using SupplierFactory = std::function<std::unique_ptr<ProcessorSupplier>(int thread)>;

}  // namespace ebc
