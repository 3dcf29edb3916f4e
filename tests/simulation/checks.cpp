#include "tests/simulation/checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "state/changelog_codec.h"
#include "topology/murmur2.h"
#include "topology/progress.h"
#include "topology/source.h"

namespace ebc::simulation {
namespace {

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (byte >= ' ' && byte <= '~') {
      text.push_back(byte);
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

std::string difference(const Disk::Rows& store, const Disk::Rows& log, const std::set<std::string_view>& leave_out) {
  for (const auto& [key, value] : log) {
    const auto row = store.find(key);
    if ((row != store.end() && row->second == value) || leave_out.contains(key)) continue;
    return fmt::format("row {} {}", printable(key), row == store.end() ? "is missing" : "differs");
  }
  for (const auto& [key, value] : store) {
    if (log.contains(key) || key.front() == state::kLocalKeyByte || leave_out.contains(key)) continue;
    return fmt::format("row {} is too many", printable(key));
  }
  return {};
}

std::pair<Partition, Offset> parse_origin(std::string_view text) {
  std::pair<Partition, Offset> origin{-1, -1};
  const char* end = text.data() + text.size();
  const char* slash = std::from_chars(text.data(), end, origin.first).ptr;
  if (slash != end) std::from_chars(slash + 1, end, origin.second);
  return origin;
}

std::string header(const Entry& entry, std::string_view name) {
  for (const auto& [key, value] : entry.headers) {
    if (key == name) return value.value_or("");
  }
  return {};
}

}  // namespace

Checks::Checks(Scheduler& scheduler, const Broker& broker, const ConsumerGroup& group, const Faults& faults, int homes,
               Topic output, bool at_least_once)
    : scheduler_(scheduler),
      broker_(broker),
      group_(group),
      faults_(faults),
      output_(output),
      at_least_once_(at_least_once),
      folds_(static_cast<std::size_t>(homes)) {}

// ---- transactions

void Checks::on_offsets_sent(MemberId member, const std::map<TopicPartition, Offset>& offsets) {
  if (!member.valid()) {
    scheduler_.fail("offsets were sent without a member id or a generation: nothing can fence them");
    return;
  }
  if (group_.check(member) != Answer::Ok) return;  // refused
  for (const auto& [at, offset] : offsets) {
    if (group_.owner(at.partition) == member.id) continue;
    scheduler_.fail(
        fmt::format("member {} sends offsets of partition {}, which it has given up", member.id, at.partition));
  }
}

void Checks::on_commit_decided(std::int32_t txn) {
  const Transaction& transaction = broker_.transaction(txn);
  if (broker_.name_of(transaction.producer).starts_with("producer-")) return;
  ++commits_;
  if (!transaction.has_offsets) {
    scheduler_.fail(fmt::format("transaction {} was committed without offsets: nothing could have fenced it", txn));
    return;
  }
  for (const auto& [at, offset] : transaction.offsets) {
    Offset& before = offsets_[at];
    if (offset < before) {
      scheduler_.fail(fmt::format("the committed offset of {} {} goes back from {} to {}", topic_name(at.topic),
                                  at.partition, before, offset));
    }
    before = offset;
  }
  for (const TopicPartition& at : transaction.partitions) {
    if (at.topic == Topic::Changelog) check_progress_row(txn, at.partition);
  }
}

void Checks::check_progress_row(std::int32_t txn, Partition home) {
  const PartitionLog& log = broker_.log({Topic::Changelog, home});
  const auto row = std::find_if(log.entries.rbegin(), log.entries.rend(), [txn](const Entry& entry) {
    return entry.txn == txn && !entry.marker && entry.key == topology::kProgressKey;
  });
  if (row == log.entries.rend()) {
    scheduler_.fail(fmt::format("transaction {} changes home {} without its progress row", txn, home));
    return;
  }
  const auto write = state::decode_changelog(*row->key, *row->value);
  const auto progress = topology::decode_progress(*write.value().value);
  const auto& offsets = broker_.transaction(txn).offsets;
  const auto same = [&](Topic topic, Offset next) {
    const auto sent = offsets.find({topic, home});
    return sent != offsets.end() && sent->second == next;
  };
  if (same(Topic::Input, progress.value().input_next) && same(Topic::Repartition, progress.value().repartition_next)) {
    return;
  }
  scheduler_.fail(fmt::format("transaction {}: the progress row of home {} says {} and {}, its offsets say otherwise",
                              txn, home, progress.value().input_next, progress.value().repartition_next));
}

// ---- stores

bool Checks::decided(const Entry& entry) const {
  return entry.txn < 0 || broker_.transaction(entry.txn).decision != Transaction::Decision::Open;
}

void Checks::add(Disk::Rows& rows, const Entry& entry) const {
  if (entry.marker || (entry.txn >= 0 && broker_.transaction(entry.txn).decision != Transaction::Decision::Commit)) {
    return;
  }
  const auto view = [](const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
  };
  const auto write = state::decode_changelog(view(entry.key), view(entry.value));
  if (write.value().value) {
    rows.insert_or_assign(std::string(write.value().key), std::string(*write.value().value));
  } else if (const auto row = rows.find(write.value().key); row != rows.end()) {
    rows.erase(row);
  }
}

void Checks::advance(Fold& fold, Partition home, Offset until) const {
  const PartitionLog& log = broker_.log({Topic::Changelog, home});
  for (; fold.next < until; ++fold.next) {
    const Entry& entry = log.entries[static_cast<std::size_t>(fold.next)];
    if (!decided(entry)) return;
    add(fold.rows, entry);
  }
}

const Disk::Rows& Checks::folded_to(Partition home, Offset position) {
  auto& [first, second] = folds_[static_cast<std::size_t>(home)];
  if (second.next > position) second = {};
  Fold& fold = first.next <= position ? first : second;
  advance(fold, home, position);
  if (fold.next == position) return fold.rows;
  // Beyond what somebody else has left open (and will never be allowed to commit).
  between_ = fold;
  const PartitionLog& log = broker_.log({Topic::Changelog, home});
  for (; between_.next < position; ++between_.next) {
    const Entry& entry = log.entries[static_cast<std::size_t>(between_.next)];
    if (decided(entry)) add(between_.rows, entry);
  }
  return between_.rows;
}

void Checks::on_applied(Partition home, const Disk::Rows& rows, Offset position) {
  const PartitionLog& log = broker_.log({Topic::Changelog, home});
  if (position > log.end()) {
    scheduler_.fail(fmt::format("the store of home {} claims to stand beyond its changelog", home));
    return;
  }
  // In a log that is compacted, what later records have overtaken may be there or not.
  std::set<std::string_view> overtaken;
  for (Offset offset = position; faults_.compaction && offset < log.end(); ++offset) {
    const Entry& entry = log.entries[static_cast<std::size_t>(offset)];
    if (entry.key) overtaken.insert(*entry.key);
  }
  const std::string differs = difference(rows, folded_to(home, position), overtaken);
  if (differs.empty()) return;
  scheduler_.fail(fmt::format("the store of home {} at changelog offset {} is not what the changelog says: {}", home,
                              position, differs));
}

// ---- the end

std::string Checks::unfinished() {
  for (const Topic topic : {Topic::Input, Topic::Repartition}) {
    for (Partition p = 0; p < broker_.partitions(topic); ++p) {
      const TopicPartition at{topic, p};
      const Offset end = broker_.log(at).end();
      // As decided: what the group has of it may have expired since.
      const auto decided = offsets_.find(at);
      const Offset next = decided == offsets_.end() ? broker_.log(at).start : decided->second;
      if (next != end) return fmt::format("{} partition {} is read up to {} of {}", topic_name(topic), p, next, end);
    }
  }
  if (!broker_.idle()) return "transactions are open";
  for (Partition home = 0; home < broker_.partitions(Topic::Changelog); ++home) {
    Fold& fold = folds_[static_cast<std::size_t>(home)][0];
    advance(fold, home, broker_.log({Topic::Changelog, home}).end());
    constexpr std::size_t kRowsLeft = 2;  // progress and totals
    if (fold.rows.size() <= kRowsLeft) continue;
    std::string left;
    for (const auto& [key, value] : fold.rows) left += " " + printable(key);
    return fmt::format("home {} still holds{}", home, left);
  }
  return {};
}

std::map<std::string, GroupStory> Checks::stories(const Workload& workload) {
  std::map<std::pair<Partition, Offset>, const SentEvent*> sent;
  std::map<std::string, GroupStory> stories;
  for (const auto& group : workload.groups()) {
    stories[group->id].group = group.get();
    for (const SentEvent& event : group->events) sent[{event.partition, event.offset}] = &event;
  }
  const int homes = broker_.partitions(Topic::Changelog);
  const auto story_of = [&](std::string_view key) -> GroupStory* {
    const auto it = stories.find(std::string(key));
    return it == stories.end() ? nullptr : &it->second;
  };
  const auto each_visible = [&](Topic topic, auto visit) {
    for (Partition p = 0; p < broker_.partitions(topic); ++p) {
      const PartitionLog& log = broker_.log({topic, p});
      for (Offset offset = 0; offset < log.end(); ++offset) {
        const Entry& entry = log.entries[static_cast<std::size_t>(offset)];
        if (broker_.visible(entry)) visit(p, offset, entry);
      }
    }
  };
  std::map<const SentEvent*, int> hops;
  each_visible(Topic::Input, [&](Partition p, Offset offset, const Entry& entry) {
    const auto it = sent.find({p, offset});
    if (it == sent.end() || it->second->kind == SentEvent::Kind::Other) return;
    if (p == topology::home_of(*entry.key, homes)) {
      story_of(*entry.key)->direct.push_back(it->second);
    } else {
      hops[it->second] = 0;
    }
  });
  each_visible(Topic::Repartition, [&](Partition p, Offset offset, const Entry& entry) {
    const auto it = sent.find(parse_origin(header(entry, topology::kOriginHeader)));
    const auto hop = it == sent.end() ? hops.end() : hops.find(it->second);
    if (hop == hops.end() || ++hop->second > 1 || entry.value != it->second->json ||
        entry.timestamp != it->second->timestamp || p != topology::home_of(*entry.key, homes)) {
      scheduler_.fail(fmt::format("repartition {}/{} should not be there, or not twice, or otherwise: {}", p, offset,
                                  entry.value.value_or("")));
      return;
    }
    story_of(*entry.key)->rekeyed.push_back(it->second);
  });
  for (const auto& [event, count] : hops) {
    if (count == 0) scheduler_.fail(fmt::format("input {}/{} was not re-keyed", event->partition, event->offset));
  }
  each_visible(output_, [&](Partition p, Offset offset, const Entry& entry) {
    if (output_ == Topic::Input && sent.contains({p, offset})) return;
    const auto outcome = parse_outcome(*entry.value);
    GroupStory* story = story_of(*entry.key);
    if (!outcome || story == nullptr) {
      scheduler_.fail("no outcome of a group: " + *entry.value);
      return;
    }
    ++outcomes_;
    auto& outcomes = story->outcomes;
    if (at_least_once_ && std::ranges::find(outcomes, *outcome) != outcomes.end()) return;
    outcomes.push_back(*outcome);
  });
  each_visible(Topic::DeadLetter, [&](Partition, Offset, const Entry& entry) {
    const auto number = [&](std::string_view name) { return std::strtoll(header(entry, name).c_str(), nullptr, 10); };
    const auto it = sent.find({static_cast<Partition>(number("dlq.partition")), number("dlq.offset")});
    const bool known = it != sent.end() && entry.value == it->second->json;
    const bool first = known && story_of(*entry.key)->letters[place_of(*it->second)].empty();
    if (!known || (!first && !at_least_once_)) {
      scheduler_.fail("dead-lettered twice, or never sent: " + entry.value.value_or(""));
      return;
    }
    story_of(*entry.key)->letters[place_of(*it->second)].insert(header(entry, "dlq.reason"));
  });
  return stories;
}

void Checks::judge_all(const Workload& workload, const ModelRules& rules) {
  for (const auto& [id, story] : stories(workload)) {
    const std::string fault = judge(story, rules);
    if (fault.empty()) continue;
    std::string text = fmt::format("group {}: {} outcomes; {}", id, story.outcomes.size(), fault);
    const auto list = [&](const char* way, const std::vector<const SentEvent*>& events) {
      for (const SentEvent* event : events) {
        text += fmt::format("\n    {} {}/{} stamped {} appended {}: {}", way, event->partition, event->offset,
                            to_ms(event->timestamp), to_ms(event->appended), event->json);
        if (const auto letter = story.letters.find(place_of(*event)); letter != story.letters.end())
          text += fmt::format("  -> {}", fmt::join(letter->second, ", "));
      }
    };
    list("direct  ", story.direct);
    list("re-keyed", story.rekeyed);
    for (const SeenOutcome& outcome : story.outcomes) {
      text += fmt::format("\n    outcome created {} resolved {}:", to_ms(outcome.created), to_ms(outcome.resolved));
      for (const auto& [name, value] : outcome.fields) text += fmt::format(" {}={}", name, value);
    }
    scheduler_.fail(text);
    return;
  }
}

}  // namespace ebc::simulation
