#include "processor/group/recent_outcomes.h"

#include <cstring>

#include "processor/group/hash.h"

namespace ebc::group {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} << 10;

/// In front of each entry's id and JSON.
struct Header {
  std::uint32_t id_size, json_size;
  std::int32_t partition;
  std::int32_t cause;  ///< -1: success
  std::int64_t offset;
  std::int64_t resolved_ms;
};

RecentOutcome decode(const char* at, std::size_t& size) {
  Header header;
  std::memcpy(&header, at, sizeof header);
  const char* id = at + sizeof header;
  size = sizeof header + header.id_size + header.json_size;
  RecentOutcome outcome{.id = {id, header.id_size},
                        .json = {id + header.id_size, header.json_size},
                        .cause = std::nullopt,
                        .resolved = timestamp_from_ms(header.resolved_ms),
                        .origin_partition = header.partition,
                        .origin_offset = header.offset};
  if (header.cause >= 0) outcome.cause = static_cast<Cause>(header.cause);
  return outcome;
}

}  // namespace

void OutcomeBatch::add(const RecentOutcome& outcome) {
  const Header header{static_cast<std::uint32_t>(outcome.id.size()),
                      static_cast<std::uint32_t>(outcome.json.size()),
                      outcome.origin_partition,
                      outcome.cause ? static_cast<std::int32_t>(*outcome.cause) : -1,
                      outcome.origin_offset,
                      to_ms(outcome.resolved)};
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header).append(outcome.id).append(outcome.json);
}

void OutcomeBatch::clear() {
  constexpr std::size_t kKept = std::size_t{1} << 20;
  bytes_.clear();
  if (bytes_.capacity() > kKept) bytes_.shrink_to_fit();
}

void RecentOutcomes::publish(const OutcomeBatch& batch) {
  const std::string_view bytes = batch.bytes();
  if (bytes.empty()) return;
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t at = 0, size = 0; at < bytes.size(); at += size) {
      (void)decode(bytes.data() + at, size);
      append(bytes.substr(at, size));
    }
    if (armed_.exchange(false)) wake.swap(wake_);
  }
  if (wake) wake();
}

void RecentOutcomes::append(std::string_view entry) {
  if (entry.size() > bound_) return;
  const auto room = [](const Chunk& chunk) { return chunk.capacity - chunk.size.load(std::memory_order_relaxed); };
  if (chunks_.empty() || room(*chunks_.back()) < entry.size()) {
    const std::size_t capacity = std::max(std::min(kChunkBytes, bound_), entry.size());
    while (!chunks_.empty() && held_ + capacity > bound_) {
      held_ -= chunks_.front()->capacity;
      chunks_.pop_front();
      ++first_;
    }
    chunks_.push_back(std::make_shared<Chunk>(capacity));
    held_ += capacity;
  }
  Chunk& chunk = *chunks_.back();
  const std::size_t at = chunk.size.load(std::memory_order_relaxed);
  std::memcpy(chunk.bytes.get() + at, entry.data(), entry.size());
  chunk.size.store(at + entry.size(), std::memory_order_release);
}

std::vector<RecentOutcomes::ChunkPtr> RecentOutcomes::chunks_from(std::uint64_t& from) const {
  const std::lock_guard lock(mutex_);
  from = std::max(from, first_);
  const auto skip = std::min<std::uint64_t>(from - first_, chunks_.size());
  return {chunks_.begin() + static_cast<std::ptrdiff_t>(skip), chunks_.end()};
}

void RecentOutcomes::index_new() const {
  std::uint64_t number = indexed_.chunk;
  const auto chunks = chunks_from(number);
  if (number != indexed_.chunk) indexed_ = {number, 0};
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::size_t end = chunks[i]->size.load(std::memory_order_acquire);
    std::size_t at = i == 0 ? indexed_.offset : 0;
    for (std::size_t size = 0; at < end; at += size) {
      index_[fingerprint(decode(chunks[i]->bytes.get() + at, size).id)] = {number + i, at};
    }
    indexed_ = {number + i, end};
  }
  // Whatever points before the first chunk is forgotten; swept out when it may be the greater part.
  constexpr std::size_t kLeastEntry = 128;
  if (index_.size() > 2 * (bound_ / kLeastEntry) + 1'024) {
    std::uint64_t first = 0;
    (void)chunks_from(first);
    std::erase_if(index_, [first](const auto& entry) { return entry.second.chunk < first; });
  }
}

std::optional<RecentOutcomes::Found> RecentOutcomes::find(std::string_view id) const {
  const std::lock_guard lock(index_mutex_);
  index_new();
  const auto known = index_.find(fingerprint(id));
  if (known == index_.end()) return std::nullopt;
  ChunkPtr chunk;
  {
    const std::lock_guard short_lock(mutex_);
    if (known->second.chunk < first_) return std::nullopt;
    chunk = chunks_[known->second.chunk - first_];
  }
  std::size_t size = 0;
  const RecentOutcome outcome = decode(chunk->bytes.get() + known->second.offset, size);
  if (outcome.id != id) return std::nullopt;  // another id of the same fingerprint came later
  return Found{std::string(outcome.json), outcome.cause, outcome.resolved, outcome.origin_partition,
               outcome.origin_offset};
}

RecentOutcomes::Cursor RecentOutcomes::end() const {
  const std::lock_guard lock(mutex_);
  if (chunks_.empty()) return {first_, 0};
  return {first_ + chunks_.size() - 1, chunks_.back()->size.load(std::memory_order_relaxed)};
}

bool RecentOutcomes::read(Cursor& cursor, std::size_t limit, bool& lost, const Visitor& visit) const {
  std::uint64_t number = cursor.chunk;
  const auto chunks = chunks_from(number);
  lost = number != cursor.chunk;
  if (lost) cursor = {number, 0};
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::size_t end = chunks[i]->size.load(std::memory_order_acquire);
    if (i > 0) cursor = {number + i, 0};
    for (std::size_t size = 0; cursor.offset < end; cursor.offset += size) {
      if (limit-- == 0) return true;
      visit(decode(chunks[i]->bytes.get() + cursor.offset, size));
    }
  }
  return false;
}

void RecentOutcomes::visit_latest(const std::function<bool(const RecentOutcome&)>& visit) const {
  std::uint64_t number = 0;
  const auto chunks = chunks_from(number);
  std::vector<std::size_t> starts;
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
    const std::size_t end = (*chunk)->size.load(std::memory_order_acquire);
    starts.clear();
    std::size_t size = 0;
    for (std::size_t at = 0; at < end; at += size) {
      starts.push_back(at);
      (void)decode((*chunk)->bytes.get() + at, size);
    }
    for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
      if (!visit(decode((*chunk)->bytes.get() + *start, size))) return;
    }
  }
}

void RecentOutcomes::arm(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  armed_.store(static_cast<bool>(wake_));
}

std::size_t RecentOutcomes::bytes() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

}  // namespace ebc::group
