// The outcomes of the last while, in memory: what HTTP answers a client that asks what became of a group.
//
// Filled by stream threads after each commit, so nothing here is ever taken back. They pay for one copy of the bytes
// and no more: entries lie in chunks, oldest first, and are indexed by whoever looks one up. The oldest chunk goes when
// the bound is reached. An instance remembers what it resolved itself, as long as it lives.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "processor/api/types.h"
#include "processor/group/group.h"

namespace ebc::group {

/// One remembered outcome.
struct RecentOutcome {
  std::string_view id;
  std::string_view json;
  std::optional<Cause> cause = {};  ///< none: success
  Timestamp resolved{};
  Partition origin_partition = 0;  ///< with origin_offset: which opening of the id this was
  Offset origin_offset = 0;
};

/// What a stream thread has to tell once its transaction is committed. One thread.
class OutcomeBatch {
 public:
  void add(const RecentOutcome& outcome);
  void clear();
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Any thread.
class RecentOutcomes {
 public:
  using Visitor = std::function<void(const RecentOutcome&)>;

  /// `bytes`: of memory, roughly; 0 remembers nothing.
  explicit RecentOutcomes(std::size_t bytes) : bound_(bytes) {}

  void publish(const OutcomeBatch& batch);

  /// Copies, and so outlives the memory.
  struct Found {
    std::string json;
    std::optional<Cause> cause;
    Timestamp resolved{};
    Partition origin_partition = 0;
    Offset origin_offset = 0;
  };
  /// The latest outcome of this id, if it is still known.
  std::optional<Found> find(std::string_view id) const;

  /// A place between two outcomes.
  struct Cursor {
    std::uint64_t chunk = 0;
    std::size_t offset = 0;
  };
  /// Behind all that is there now.
  Cursor end() const;
  /// Visits at most `limit` outcomes from `cursor` on, moves it behind them, and returns whether more are there.
  /// `lost` is set when some in front of them are forgotten already. The views hold during the call.
  bool read(Cursor& cursor, std::size_t limit, bool& lost, const Visitor& visit) const;
  /// Visits the latest outcomes, latest first, until the visitor is false or all were seen.
  void visit_latest(const std::function<bool(const RecentOutcome&)>& visit) const;

  /// Calls `wake` from a stream thread at the next publish(), once; from then on it must be armed anew. Nothing that
  /// waits or takes long.
  void arm(std::function<void()> wake);
  void disarm() { arm({}); }

  std::size_t bytes() const;

 private:
  struct Chunk {
    explicit Chunk(std::size_t room) : capacity(room), bytes(std::make_unique<char[]>(room)) {}
    const std::size_t capacity;
    const std::unique_ptr<char[]> bytes;
    std::atomic<std::size_t> size{0};  ///< what lies before it never changes any more
  };
  using ChunkPtr = std::shared_ptr<const Chunk>;
  struct Place {
    std::uint64_t chunk = 0;
    std::size_t offset = 0;
  };

  void append(std::string_view entry);
  /// The chunks from number `from` on, and the number of the first of them.
  std::vector<ChunkPtr> chunks_from(std::uint64_t& from) const;
  void index_new() const;

  const std::size_t bound_;

  mutable std::mutex mutex_;  // short: what stream threads wait for
  std::deque<std::shared_ptr<Chunk>> chunks_;
  std::uint64_t first_ = 0;  ///< number of chunks_.front()
  std::size_t held_ = 0;     ///< bytes of all chunks
  std::function<void()> wake_;
  std::atomic<bool> armed_{false};

  mutable std::mutex index_mutex_;  // readers among themselves; taken before mutex_
  mutable std::unordered_map<std::uint64_t, Place> index_;
  mutable Cursor indexed_;
};

}  // namespace ebc::group
