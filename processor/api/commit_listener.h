// For processors that want to hear of commits.
#pragma once

namespace ebc {

/// A Processor that is one, too, is told.
class CommitListener {
 public:
  virtual ~CommitListener() = default;

  /// A commit took: what was forwarded since the one before is on the bus for good. Called before readers outside see
  /// the state that goes with it, on the stream thread, which waits meanwhile. Not called when the local store couldn't
  /// follow: the processor is then destroyed.
  virtual void committed() = 0;
};

}  // namespace ebc
