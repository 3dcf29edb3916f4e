// How a stream thread asks for homes to be taken; the answers come by its mailbox.
#pragma once

#include <cstdint>

#include "processor/api/types.h"

namespace ebc::topology {

struct TakeRequest {
  Partition partition = 0;
  bool has_home = true;     ///< false: an input partition added later, which only routes
  int homes = 0;            ///< of the application
  std::uint64_t epoch = 0;  ///< names this holding; carried through to Taken
  int thread = 0;           ///< who asked
  bool quarantine = false;  ///< the local store was found damaged
  int inputs_known = 0;     ///< input partitions that the asking thread's progress rows know to have offsets
};

/// Any thread.
class HomeTaker {
 public:
  virtual ~HomeTaker() = default;
  /// A later request for the same partition replaces the earlier one of the same thread; another thread's is answered
  /// after it.
  virtual void request(TakeRequest request) = 0;
  /// Nothing is replied for this holding afterwards, unless the reply is already on its way.
  virtual void cancel(Partition partition, std::uint64_t epoch) = 0;
};

}  // namespace ebc::topology
