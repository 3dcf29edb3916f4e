#include "processor/group/collector.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/api/commit_listener.h"
#include "processor/group/event_reader.h"
#include "processor/group/group_actions.h"
#include "processor/group/group_store.h"
#include "processor/group/hash.h"
#include "processor/group/kept_events.h"
#include "processor/group/outbox.h"
#include "processor/group/timer_index.h"

namespace ebc::group {
namespace {

/// What the homes of one stream thread share.
struct ThreadParts {
  ThreadParts(std::shared_ptr<const CollectorOptions> its_options, std::shared_ptr<CollectorStats> its_stats,
              std::shared_ptr<RecentOutcomes> recent_outcomes, std::shared_ptr<DeadlineFloors> deadline_floors)
      : options(std::move(its_options)),
        kept_options(without_limits(*options)),
        stats(std::move(its_stats)),
        recent(std::move(recent_outcomes)),
        floors(std::move(deadline_floors)),
        reader(*options, *stats) {}

  std::shared_ptr<const CollectorOptions> options;
  CollectorOptions kept_options;  ///< for events that lie in the store
  std::shared_ptr<CollectorStats> stats;
  std::shared_ptr<RecentOutcomes> recent;  ///< null: outcomes aren't remembered
  std::shared_ptr<DeadlineFloors> floors;  ///< null: nobody asks
  EventReader reader;
  ThreadShare sharing;
};

/// What lives as long as a home is held.
struct HomeParts {
  HomeParts(ProcessorContext& context, ThreadParts& thread)
      : timers(context.store()),
        groups(context.store(), timers, *thread.options, thread.sharing),
        kept(context.store(), timers, groups, *thread.options),
        outbox(context, *thread.options, *thread.stats, thread.recent.get()),
        actions({context, *thread.options, *thread.stats, groups, kept, outbox, thread.kept_options}),
        waiting_parser(thread.kept_options),
        floor(thread.floors ? thread.floors->renew(context.home()) : nullptr) {}

  TimerIndex timers;
  GroupStore groups;
  KeptEvents kept;
  Outbox outbox;
  GroupActions actions;
  EventParser waiting_parser;  ///< of events that waited for a Create
  std::shared_ptr<DeadlineFloor> floor;
};

class Collector final : public Processor, public CommitListener {
 public:
  explicit Collector(std::shared_ptr<ThreadParts> thread)
      : thread_(std::move(thread)), options_(*thread_->options), stats_(*thread_->stats) {
    ++thread_->sharing.homes;
  }

  ~Collector() override {
    show_totals({});
    --thread_->sharing.homes;
  }

  Status init(ProcessorContext& context) override;
  Status process(const Record& record, Timestamp time) override;
  Status punctuate(Timestamp clock) override;
  Timestamp next_punctuation() const override { return std::min(home_->groups.next_held(), home_->timers.next()); }
  Status flush() override;
  void committed() override;
  std::size_t unflushed_bytes() const override { return home_->groups.unflushed_bytes(); }

 private:
  Status command(const Event& event, const Record& record, Timestamp time);
  Status invalid(const EventParser& parser, const Record& record, Timestamp time);
  Result<Entry*> find(std::string_view id, Timestamp time);
  Status create(Entry& entry, const Event& event, const Record& record, Timestamp time);
  bool repeats(const Entry& entry, const Record& record) const;
  Status wait(Entry& entry, const Record& record, Timestamp time);
  Status replay_waiting(Entry& entry, Timestamp created);
  Status fire(const Timer& timer);
  Status end_of_turn();
  void show_totals(const Totals& totals);

  std::shared_ptr<ThreadParts> thread_;
  const CollectorOptions& options_;
  CollectorStats& stats_;
  ProcessorContext* context_ = nullptr;
  std::unique_ptr<HomeParts> home_;  ///< from init() on
  Totals shown_;                     ///< this home's share of the gauges
  std::vector<Timer> due_;
};

Status Collector::init(ProcessorContext& context) {
  context_ = &context;
  home_ = std::make_unique<HomeParts>(context, *thread_);
  EBC_TRY(home_->groups.init());
  EBC_TRY(home_->timers.init());
  show_totals(home_->groups.totals());
  return {};
}

void Collector::committed() {
  home_->outbox.committed();
  const Timestamp earliest = home_->timers.take_earliest_added();
  if (home_->floor && earliest != kNever) home_->floor->committed(earliest);
}

void Collector::show_totals(const Totals& totals) {
  const auto signed_of = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  stats_.add_open(signed_of(totals.open_groups) - signed_of(shown_.open_groups));
  stats_.add_waiting(signed_of(totals.waiting_events) - signed_of(shown_.waiting_events));
  shown_ = totals;
}

Status Collector::process(const Record& record, Timestamp time) {
  EventReader& reader = thread_->reader;
  switch (reader.read(record)) {
    case EventReader::Kind::Skip:
      return {};
    case EventReader::Kind::Command:
      EBC_TRY(command(reader.parser().event(), record, time));
      break;
    case EventReader::Kind::Invalid:
      EBC_TRY(invalid(reader.parser(), record, time));
      break;
  }
  return end_of_turn();
}

Status Collector::end_of_turn() {
  home_->groups.trim(context_->clock());
  if (home_->groups.totals() != shown_) show_totals(home_->groups.totals());
  return {};
}

/// What is known of the id at `time`: a group whose deadline is over ends first, a memory that is over is forgotten.
Result<Entry*> Collector::find(std::string_view id, Timestamp time) {
  Result<Entry*> found = home_->groups.find(id);
  if (!found.ok()) return found;
  Entry& entry = *found.value();
  if (entry.kind == Entry::Kind::Open && time > entry.group->deadline) {
    if (Status status = home_->actions.time_out(entry); !status.ok()) return status;
  }
  if (entry.kind == Entry::Kind::Resolved && entry.marker.expires < context_->clock()) home_->groups.forget(entry);
  return &entry;
}

Status Collector::command(const Event& event, const Record& record, Timestamp time) {
  const Result<Entry*> found = find(event.group, time);
  if (!found.ok()) return found.status();
  Entry& entry = *found.value();
  if (event.kind == CommandKind::Create) return create(entry, event, record, time);
  switch (entry.kind) {
    case Entry::Kind::Open:
      // A producer whose clock is behind doesn't act before the group was opened.
      return home_->actions.act(entry, event, record, std::max(time, entry.group->created));
    case Entry::Kind::Resolved:
      home_->actions.late(record);
      return {};
    case Entry::Kind::Unknown:
    case Entry::Kind::Waiting:
      return wait(entry, record, time);
  }
  return {};
}

Status Collector::wait(Entry& entry, const Record& record, Timestamp time) {
  if (home_->kept.wait(entry, record, time)) {
    stats_.count(Counter::Orphans);
  } else {
    home_->outbox.dead_letter(record, Reason::NoSuchGroup,
                              fmt::format("{} events wait for the group already", entry.waiting.count));
  }
  return {};
}

bool Collector::repeats(const Entry& entry, const Record& record) const {
  const bool open = entry.kind == Entry::Kind::Open;
  const Timestamp timestamp = open ? entry.group->origin.timestamp : entry.marker.create_timestamp;
  if (timestamp != record.timestamp) return false;
  return (open ? entry.group->origin.fingerprint : entry.marker.create_fingerprint) == fingerprint(*record.value);
}

Status Collector::create(Entry& entry, const Event& event, const Record& record, Timestamp time) {
  const bool open = entry.kind == Entry::Kind::Open;
  if (open || entry.kind == Entry::Kind::Resolved) {
    if (repeats(entry, record)) {
      stats_.count(Counter::Repeats);
      return {};
    }
    if (open) {
      home_->outbox.dead_letter(record, Reason::AlreadyOpen, "another Create has opened this group");
      return {};
    }
    if (options_.ignore_reuse) {
      stats_.count(Counter::Ignored);
      return {};
    }
  }
  EBC_TRY(home_->actions.create(entry, event, record, time));
  return replay_waiting(entry, time);
}

/// Events that came before the Create count now, in the order in which they came, and as made no earlier than it.
Status Collector::replay_waiting(Entry& entry, Timestamp created) {
  if (entry.waiting.count == 0) return {};
  std::vector<StoredEvent> events;
  std::vector<Header> headers;
  std::string place;
  do {
    EBC_TRY(home_->kept.take_waiting(entry, place, events));
    for (const StoredEvent& event : events) {
      const Timestamp time = std::max(event.time, created);
      const Record record = record_of(event, headers);
      if (entry.kind == Entry::Kind::Open && time > entry.group->deadline) EBC_TRY(home_->actions.time_out(entry));
      if (entry.kind == Entry::Kind::Open) {
        EventParser& parser = home_->waiting_parser;
        if (parser.parse(record.value.value_or(std::string_view{})) == Finding::Command) {
          EBC_TRY(home_->actions.act(entry, parser.event(), record, time));
        } else {
          home_->outbox.dead_letter(event, parser.reason(), "the kept event can't be read any more");
        }
      } else {
        home_->actions.late(record);
      }
    }
  } while (!events.empty());
  return {};
}

Status Collector::invalid(const EventParser& parser, const Record& record, Timestamp time) {
  const Event& event = parser.event();
  if (parser.reason() != Reason::InvalidCreate || event.group.empty()) {
    home_->outbox.dead_letter(record, parser.reason(), parser.detail());
    return {};
  }
  const Result<Entry*> found = find(event.group, time);
  if (!found.ok()) return found.status();
  Entry& entry = *found.value();
  const bool resolved = entry.kind == Entry::Kind::Resolved;
  if (resolved && repeats(entry, record)) {
    stats_.count(Counter::Repeats);
    return {};
  }
  if (entry.kind == Entry::Kind::Open || (resolved && options_.ignore_reuse)) {
    home_->outbox.dead_letter(record, Reason::InvalidCreate, parser.detail());
    return {};
  }
  EBC_TRY(home_->actions.refuse_create(entry, event, record, time, parser.detail()));
  return replay_waiting(entry, time);
}

Status Collector::punctuate(Timestamp clock) {
  std::size_t left = options_.timers_per_turn;
  for (; left > 0 && home_->groups.next_held() < clock; --left) {
    Entry& entry = *home_->groups.first_held();
    if (entry.kind == Entry::Kind::Open) {
      EBC_TRY(home_->actions.time_out(entry));
    } else {
      home_->groups.forget(entry);
    }
  }
  if (left > 0 && home_->timers.next() < clock) {
    EBC_TRY(home_->timers.collect_due(clock, left, due_));
    for (const Timer& timer : due_) EBC_TRY(fire(timer));
  }
  return end_of_turn();
}

Status Collector::fire(const Timer& timer) {
  if (timer.kind == TimerKind::WaitingEvent) {
    const auto event = home_->kept.expire(timer);
    if (!event.ok()) return event.status();
    if (event.value()) home_->outbox.dead_letter(*event.value(), Reason::NoSuchGroup, "no Create came for the group");
    home_->groups.trim(context_->clock());
    return {};
  }
  const Result<Entry*> found = home_->groups.find(timer.id);
  if (!found.ok()) return found.status();
  Entry& entry = *found.value();
  if (timer.kind == TimerKind::Deadline && entry.kind == Entry::Kind::Open && entry.group->deadline == timer.deadline) {
    EBC_TRY(home_->actions.time_out(entry));
  } else if (timer.kind == TimerKind::Marker && entry.kind == Entry::Kind::Resolved &&
             entry.marker.expires == timer.deadline) {
    home_->groups.forget(entry);
  } else {
    home_->groups.drop_stored_timer(entry, timer);
  }
  home_->groups.trim(context_->clock());
  return {};
}

Status Collector::flush() {
  EBC_TRY(home_->groups.flush());
  home_->groups.trim(context_->clock());
  return {};
}

class Supplier final : public ProcessorSupplier {
 public:
  explicit Supplier(std::shared_ptr<ThreadParts> thread) : thread_(std::move(thread)) {}

  Route route(const Record& record) override { return thread_->reader.route(record); }
  std::unique_ptr<Processor> make_processor() override { return std::make_unique<Collector>(thread_); }

 private:
  std::shared_ptr<ThreadParts> thread_;
};

}  // namespace

SupplierFactory make_supplier_factory(CollectorOptions options, std::shared_ptr<StatsRegistry> registry,
                                      std::shared_ptr<RecentOutcomes> recent, std::shared_ptr<DeadlineFloors> floors) {
  auto shared = std::make_shared<const CollectorOptions>(std::move(options));
  return [shared, registry = std::move(registry), recent = std::move(recent),
          floors = std::move(floors)](int) -> std::unique_ptr<ProcessorSupplier> {
    return std::make_unique<Supplier>(std::make_shared<ThreadParts>(shared, registry->add(), recent, floors));
  };
}

std::vector<std::string> validate(const CollectorOptions& options) {
  constexpr std::size_t kLongestId = std::size_t{16} << 10;
  constexpr std::size_t kLeastOutcome = std::size_t{16} << 10;
  std::vector<std::string> faults;
  const auto expect = [&faults](bool fine, std::string fault) {
    if (!fine) faults.push_back(std::move(fault));
  };
  expect(options.default_ttl.count() > 0, "the default ttl must be positive");
  expect(options.default_ttl <= options.max_ttl, "the default ttl is beyond the largest ttl");
  expect(options.orphan_ttl.count() >= 0, "the ttl of orphans must not be negative");
  expect(options.resolved_retention.count() >= 0, "the retention of resolved groups must not be negative");
  expect(options.max_id_bytes >= 1 && options.max_id_bytes <= kLongestId,
         fmt::format("ids can be limited to 1 to {} bytes", kLongestId));
  expect(options.max_depth >= 1 && options.max_depth <= 1024, "the depth of JSON can be limited to 1 to 1024");
  expect(options.max_outcome_bytes >= kLeastOutcome, fmt::format("an outcome needs {} bytes", kLeastOutcome));
  expect(options.max_entities >= 1, "a group needs an entity");
  expect(options.timers_per_turn >= 1, "a turn needs a timer");
  return faults;
}

}  // namespace ebc::group
