// How objects leave: by a tombstone when they are missing or have been kept long enough, and then,
// when no queue can hold an event of theirs any more, for good.
#include <utility>

#include "base/log.h"
#include "cluster_state/ingest/ingest.h"
#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

// Objects that one step of the sweep takes on: bounds what it puts before the writer at once.
constexpr std::size_t kSweepMax = 1'000;

// Names of up to kSweepMax entries for which `holds`.
template <class Arn>
void collect(const Catalog::Entries& entries, auto holds, std::vector<ObjectName>& names) {
  for (const auto& [arn, entry] : entries) {
    if (names.size() >= kSweepMax) return;
    if (holds(entry)) names.emplace_back(Arn{arn});
  }
}

std::vector<ObjectName> collect_all(Catalog& catalog, auto holds) {
  std::vector<ObjectName> names;
  collect<TaskArn>(catalog.tasks(), holds, names);
  collect<ContainerInstanceArn>(catalog.instances(), holds, names);
  return names;
}

}  // namespace

void Ingest::bury(const ObjectName& name, Entry& entry, std::string_view reason, Round& round) {
  const bool is_task = std::holds_alternative<TaskArn>(name);
  entry.known = {Known::Kind::kTombstone,
                 is_task && reason == kReasonRetention,
                 entry.known.version,
                 std::nullopt,
                 round.wall_now,
                 std::nullopt,
                 round.now};
  entry.ended = false;
  entry.describe = {};
  catalog_.displace(name);
  const codec::Tombstone tombstone{entry.known.version, round.wall_now, std::string{reason},
                                   *entry.cluster};
  writer_.put(entry.slot, key_of(name), codec::encode_tombstone(tombstone));
  writer_.await(entry.slot, round.ticket);
}

Async<Result<bool>> Ingest::remove_missing(ObjectName object, TimePoint missing_since) {
  if (const Status ready = check_ready(); !ready) co_return std::unexpected(ready.error());
  Entry* entry = catalog_.find(object);
  if (entry == nullptr || entry->known.kind != Known::Kind::kLive ||
      entry->confirmed_at > missing_since) {
    co_return false;
  }
  Round round = start_round();
  bury(object, *entry, kReasonMissing, round);
  if (const auto* instance = std::get_if<ContainerInstanceArn>(&object)) {
    describe_tasks_on(*instance, *entry->cluster);
  }
  const Status durable = co_await round.ticket->durable();
  if (!durable) co_return std::unexpected(durable.error());
  co_return true;
}

Async<Status> Ingest::mark_synced(ClusterArn cluster, std::optional<WallTime> started,
                                  Holes holes) {
  if (const Status ready = check_ready(); !ready) co_return ready;
  if (!started && !catalog_.synced_at(cluster)) co_return done();
  Round round = start_round();
  ClusterEntry& mark = catalog_.marks()[cluster];
  mark.synced_at = started;
  mark.holes = std::move(holes);
  write_mark(cluster, mark, round);
  co_return co_await round.ticket->durable();
}

void Ingest::write_mark(const ClusterArn& cluster, ClusterEntry& mark, const Round& round) {
  if (mark.synced_at) {
    writer_.put(mark.slot, codec::cluster_key(cluster),
                codec::encode_sync_mark({*mark.synced_at, mark.holes}));
  } else {
    writer_.remove(mark.slot, codec::cluster_key(cluster));
  }
  writer_.await(mark.slot, round.ticket);
}

// True when it was one by name.
bool Ingest::end_hole(const ClusterArn& cluster, const ObjectName& object, const Round& round) {
  if (catalog_.find_holes(cluster) == nullptr) return false;
  ClusterEntry& mark = catalog_.marks().at(cluster);
  if (!std::visit([&](const auto& arn) { return mark.holes.erase(arn); }, object)) return false;
  write_mark(cluster, mark, round);
  return true;
}

Async<Status> Ingest::end_hole(ClusterArn cluster, ObjectName object) {
  if (const Status ready = check_ready(); !ready) co_return ready;
  Round round = start_round();
  if (!end_hole(cluster, object, round)) co_return done();
  co_return co_await round.ticket->durable();
}

Async<void> Ingest::sweep_for_ever() {
  while (true) {
    co_await sleep_for(executor_, options_.sweep_every);
    const Status swept = co_await sweep();
    if (!swept) log::warn("ingest", "sweep of what is over: {}", swept.error().message);
  }
}

Async<Status> Ingest::sweep() {
  const WallTime now = executor_.wall_now();
  // In milliseconds: a date that is stored may be as far off as nanoseconds do not reach.
  const WallTime ended_before =
      now - std::chrono::floor<std::chrono::milliseconds>(options_.final_kept);
  const WallTime gone_before =
      now - std::chrono::floor<std::chrono::milliseconds>(options_.tombstone_kept);
  const auto outlived = [&](const Entry& entry) {
    return entry.known.kind == Known::Kind::kLive && entry.ended &&
           entry.known.seen_at <= ended_before;
  };
  const auto forgotten = [&](const Entry& entry) {
    return entry.known.kind == Known::Kind::kTombstone && entry.known.seen_at <= gone_before;
  };
  std::size_t taken = kSweepMax;
  while (taken == kSweepMax) {
    if (const Status ready = check_ready(); !ready) co_return ready;
    Round round = start_round();
    const auto over = collect_all(catalog_, outlived);
    for (const ObjectName& name : over) bury(name, *catalog_.find(name), kReasonRetention, round);
    const auto old = collect_all(catalog_, forgotten);
    for (const ObjectName& name : old) {
      Entry& entry = *catalog_.find(name);
      writer_.remove(entry.slot, key_of(name));
      writer_.await(entry.slot, round.ticket);
    }
    const Status durable = co_await round.ticket->durable();
    if (!durable) co_return durable;
    for (const ObjectName& name : old) {
      const Entry* entry = catalog_.find(name);
      if (entry != nullptr && forgotten(*entry) && entry->slot.is_idle()) catalog_.erase(name);
    }
    taken = std::max(over.size(), old.size());
  }
  co_return done();
}

}  // namespace blox::cluster_state
