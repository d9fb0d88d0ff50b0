#include "cluster_state/ingest/ingest.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "codec/ecs_event.h"
#include "codec/stored.h"
#include "codec/stored_overlay.h"

namespace blox::cluster_state {
namespace {

// Broken so soon after the store was read again, it is not to be read at once.
constexpr Duration kReloadCalm = std::chrono::minutes{1};
// The parts of a value, each bounded so that together they fit into one commit with their key.
constexpr std::size_t kDetailBytesMax = codec::kEventBytesMax;
constexpr std::size_t kDescribeBytesMax = std::size_t{256} * 1'024;
constexpr std::size_t kFrameBytesMax = std::size_t{4} * 1'024;
static_assert(kDetailBytesMax + kDescribeBytesMax + kFrameBytesMax <= store::kCommitBytesMax);

Status check_size(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  if (bytes <= bytes_max) return done();
  return fail(ErrorKind::kInvalid, std::string{what} + " has " + std::to_string(bytes) +
                                       " bytes, allowed are " + std::to_string(bytes_max));
}

Status check_size(const Report& report) {
  const ReportView view{report};
  Status fits = check_size("the detail", view.detail().size(), kDetailBytesMax);
  if (fits) {
    fits = check_size("what Describe adds", view.describe_only().size(), kDescribeBytesMax);
  }
  return fits;
}

Status check_size(const codec::StoredEvent& event) {
  // An escaped byte takes up to three in the key and six in the value.
  const std::size_t fields = event.id.size() + event.detail_type.size() + event.cluster.size();
  Status fits = check_size("the event", event.raw.size(), kDetailBytesMax);
  if (fits) fits = check_size("its id, type and cluster", 9 * fields, kDescribeBytesMax);
  return fits;
}

// Before anything is done: what cannot become durable must not count as known.
Status check_sizes(const Batch& batch) {
  for (const Report& report : batch.reports) {
    if (Status fits = check_size(report); !fits) return fits;
  }
  for (const codec::StoredEvent& event : batch.events) {
    if (Status fits = check_size(event); !fits) return fits;
  }
  return done();
}

WallTime before(WallTime time, Duration by) {
  return time - std::chrono::duration_cast<WallTime::duration>(by);
}

}  // namespace

Ingest::Ingest(Executor& executor, store::Store& store, Metrics& metrics, IngestOptions options)
    : executor_(executor),
      store_(store),
      options_(options),
      counters_(metrics),
      undecodable_(metrics.counter("blox_ingest_undecodable_total",
                                   "Stored values that could not be read, and were skipped.")),
      describe_list_(executor, options.describe_list_max),
      writer_(executor, store, metrics, options.writer),
      records_(writer_, options.records),
      became_ready_(executor),
      scope_(executor) {}

Async<Status> Ingest::open() {
  const Status loaded = co_await load();
  if (!loaded) co_return loaded.error_in("open ingest");
  open_ = true;
  became_ready_.notify_all();
  scope_.spawn(reload_when_broken());
  scope_.spawn(sweep_for_ever());
  co_return done();
}

Status Ingest::check_ready() const {
  if (is_ready()) return done();
  return fail(ErrorKind::kUnavailable, "ingest: the store is being read; give the batch again");
}

Status Ingest::health() const {
  const auto unhealthy = [](std::string why, const std::optional<Error>& error) {
    return fail(ErrorKind::kUnavailable, std::move(why) + (error ? ": " + error->message : ""));
  };
  if (!is_ready()) return unhealthy("ingest is reading the store", load_error_);
  if (const auto& error = writer_.commit_error()) {
    return unhealthy("the store takes no changes", error);
  }
  return done();
}

Ingest::Round Ingest::start_round() const {
  return {executor_.wall_now(), executor_.now(), std::make_shared<Ticket>(executor_), {}, {}};
}

Async<Status> Ingest::load() {
  catalog_.clear();
  records_.clear();
  store::RangeRequest request;
  request.prefix = codec::kClusterStatePrefix;
  while (true) {
    const auto page = co_await store_.range(request);
    load_error_ = page ? std::nullopt : std::optional{page.error()};
    if (!page) co_return std::unexpected(page.error());
    for (const store::KeyValue& item : page->items) {
      Status taken = catalog_.load(item, executor_.now());
      if (taken) taken = records_.load(item);
      if (taken) continue;
      undecodable_.Increment();
      log::error("ingest", "skips what it cannot decode: {}", taken.error().message);
    }
    if (!page->more || page->items.empty()) co_return done();
    request.after_key = page->items.back().key;
    request.revision = page->revision;
  }
}

Async<void> Ingest::reload_when_broken() {
  std::optional<TimePoint> mended_at;
  Duration wait = options_.reload_wait_min;
  while (true) {
    co_await writer_.broken();
    open_ = false;
    log::warn("ingest", "a commit was lost or contradicted: reading the store again");
    if (mended_at && executor_.now() - *mended_at < kReloadCalm) {
      co_await sleep_for(executor_, wait);
      wait = std::min(2 * wait, options_.reload_wait_max);
    } else {
      wait = options_.reload_wait_min;
    }
    co_await reload();
    mended_at = executor_.now();
  }
}

Async<void> Ingest::reload() {
  Duration wait = options_.reload_wait_min;
  while (true) {
    const Status loaded = co_await load();
    if (loaded) break;
    log::error("ingest", "cannot read the store again: {}", loaded.error().message);
    co_await sleep_for(executor_, wait);
    wait = std::min(2 * wait, options_.reload_wait_max);
  }
  writer_.mend();
  open_ = true;
  became_ready_.notify_all();
}

Async<Result<TakeCounts>> Ingest::take(Batch batch) {
  if (const Status ready = check_ready(); !ready) co_return std::unexpected(ready.error());
  if (const Status fits = check_sizes(batch); !fits) co_return fits.error_in("ingest");
  Round round = start_round();
  for (const codec::DeadLetter& letter : batch.dead_letters) records_.keep(letter, round.ticket);
  for (const codec::StoredEvent& event : batch.events) {
    const auto time = parse_time(event.time);
    records_.keep(event, time.value_or(round.wall_now), round.ticket);
  }
  batch.dead_letters.clear();
  batch.events.clear();
  // What is merged is in the writer: only that copy of it waits.
  for (Report& given : batch.reports) {
    const Report report = std::move(given);
    if (merge(report, round)) continue;
    const Status overlaid = co_await overlay(report, round);
    if (!overlaid) co_return std::unexpected(overlaid.error());
  }
  const Status durable = co_await round.ticket->durable();
  if (!durable) co_return std::unexpected(durable.error());
  // Not before, so that no reader misses both the object and the hole.
  for (const auto& [cluster, object] : round.filled) {
    if (is_ready()) end_hole(cluster, object, round);
  }
  co_return round.counts;
}

// True when the report is dealt with; false when the stored value is needed for it.
bool Ingest::merge(const Report& report, Round& round) {
  const ReportView view{report};
  Entry* entry = catalog_.find(view.name());
  // The entry knows what the store refused; what the store holds must be read to go on from.
  if (entry != nullptr && entry->slot.is_refused()) return false;
  const Decision decision = decide(entry != nullptr ? entry->known : Known{}, view.sighting(),
                                   before(round.wall_now, options_.old_event_age));
  switch (decision.verdict) {
    case Verdict::kApply: apply(view, decision, round); return true;
    case Verdict::kDescribe: describe_list_.add(view.cluster(), view.name()); break;
    case Verdict::kOverlay:
    case Verdict::kStale:
      if (entry != nullptr && !confirm(*entry, view, decision, round)) return false;
      break;
    case Verdict::kFinal: break;
  }
  if (entry != nullptr) writer_.await(entry->slot, round.ticket);
  const bool same = decision.verdict == Verdict::kOverlay;
  count(view, same ? Verdict::kStale : decision.verdict, round);
  return true;
}

// Notes what a report that changes nothing shows. False when it may change something.
bool Ingest::confirm(Entry& entry, const ReportView& view, const Decision& decision,
                     const Round& round) {
  if (view.sighting().origin != Origin::kDescribe) return true;
  entry.confirmed_at = round.now;
  const bool same_detail = decision.verdict == Verdict::kStale ||
                           entry.detail_hash == std::hash<std::string_view>{}(view.detail());
  const bool same_describe =
      !decision.takes_describe || codec::is_same_json(entry.describe, view.describe_only());
  if (!same_detail || !same_describe) return false;
  if (decision.takes_describe) note_asked(entry, view);
  return true;
}

void Ingest::note_asked(Entry& entry, const ReportView& view) {
  entry.known.described_at = view.sighting().at;
  entry.known.asked = view.sighting().asked;
}

void Ingest::note_seen(Entry& entry, const Round& round) {
  entry.known.seen_at = round.wall_now;
  entry.known.seen = round.now;
}

void Ingest::apply(const ReportView& view, const Decision& decision, Round& round) {
  Entry& entry = catalog_.get_or_make(view.name());
  const bool added = entry.known.kind != Known::Kind::kLive;
  if (added) entry.describe.clear();
  if (decision.takes_describe) {
    entry.describe = view.describe_only();
    note_asked(entry, view);
  } else if (added) {
    entry.known.described_at.reset();
    entry.known.asked.reset();
  }
  // Of two versions the greater one: a STOPPED may come with a lesser one.
  const auto version = view.sighting().version;
  if (added || (version && (!entry.known.version || *version > *entry.known.version))) {
    entry.known.version = version;
  }
  note_seen(entry, round);
  note_shape(entry, view, round);
  if (!catalog_.synced_at(*entry.cluster)) describe_list_.add_unread(*entry.cluster);
  write(entry, view, view.detail(), round);
  if (added && catalog_.find_holes(*entry.cluster) != nullptr) {
    round.filled.emplace_back(*entry.cluster, view.name());
  }
  ++(added ? round.counts.added : round.counts.changed);
  counters_.count(view, Verdict::kApply);
}

// What the catalog holds of a live object beside its version and times.
void Ingest::note_shape(Entry& entry, const ReportView& view, const Round& round) {
  const bool ends = view.has_ended() && !(entry.known.kind == Known::Kind::kLive && entry.ended);
  entry.known.kind = Known::Kind::kLive;
  entry.known.final = view.sighting().final;
  entry.ended = view.has_ended();
  catalog_.place(view.name(), view.cluster(), view.instance());
  entry.detail_hash = std::hash<std::string_view>{}(view.detail());
  entry.confirmed_at = round.now;
  if (!ends) return;
  note_seen(entry, round);
  if (const auto* instance = std::get_if<ContainerInstanceArn>(&view.name())) {
    describe_tasks_on(*instance, view.cluster());
  }
}

// Tasks of an instance that is gone have stopped, whether or not an event will say so.
void Ingest::describe_tasks_on(const ContainerInstanceArn& instance, const ClusterArn& cluster) {
  for (TaskArn& task : catalog_.live_tasks_on(instance)) {
    describe_list_.add(cluster, std::move(task));
  }
}

void Ingest::write(Entry& entry, const ReportView& view, std::string_view detail,
                   const Round& round) {
  const codec::StoredParts parts{detail, entry.describe, entry.known.described_at,
                                 entry.known.seen_at};
  writer_.put(entry.slot, key_of(view.name()), codec::encode_stored(parts));
  writer_.await(entry.slot, round.ticket);
}

// The way of the few reports that need the stored value: a Describe at the version that is held,
// and what comes after a change that the store refused.
Async<Status> Ingest::overlay(const Report& report, Round& round) {
  const ReportView view{report};
  while (true) {
    const Entry* before = catalog_.find(view.name());
    if (before == nullptr) break;
    std::optional<std::string> value;
    if (const std::string* undurable = before->slot.undurable_value()) {
      value = *undurable;
    } else {
      const store::Revision revision = before->slot.mod_revision();
      std::string key = key_of(view.name());
      auto read = co_await read_value(std::move(key));
      if (!read) co_return std::unexpected(read.error());
      if (const Status ready = check_ready(); !ready) co_return ready;
      // Whatever came between has moved the object on: decide again.
      const Entry* now = catalog_.find(view.name());
      if (now == nullptr || !now->slot.is_idle() || now->slot.mod_revision() != revision) {
        if (merge(report, round)) co_return done();
        continue;
      }
      if (now->slot.is_refused()) {
        restore(view.name(), std::move(*read));
        if (merge(report, round)) co_return done();
        continue;
      }
      value = std::move(*read);
    }
    if (!value) break;
    co_return lay_over(report, *value, round);
  }
  co_return fail(ErrorKind::kInternal, "ingest: '" + key_of(view.name()) + "' is not in the store");
}

// Makes the entry of an object what the store holds of it. Requires: its slot is idle.
void Ingest::restore(const ObjectName& name, std::optional<std::string> value) {
  const store::Revision revision = catalog_.find(name)->slot.mod_revision();
  catalog_.erase(name);
  if (!value) return;
  store::KeyValue item;
  item.key = key_of(name);
  item.value = std::make_shared<const std::string>(std::move(*value));
  item.mod_revision = revision;
  if (const Status loaded = catalog_.load(item, executor_.now()); loaded) return;
  undecodable_.Increment();
}

void Ingest::renew(std::string_view key, const std::optional<ClusterArn>& cluster) {
  const auto name = find_object(key);
  Entry* const entry = name && cluster && is_ready() ? catalog_.find(*name) : nullptr;
  // What is under way may be readable.
  if (entry == nullptr || !entry->slot.is_idle()) return;
  if (entry->known.kind == Known::Kind::kTombstone) return;
  // Live, so that it is taken away when ECS does not know it; with nothing that a Describe could
  // be compared with.
  entry->known.kind = Known::Kind::kLive;
  entry->known.version.reset();
  entry->known.described_at.reset();
  entry->known.asked.reset();
  entry->detail_hash = 0;
  const std::string instance = entry->instance;
  catalog_.place(*name, *cluster, instance);
  describe_list_.add(*cluster, *name);
}

Status Ingest::lay_over(const Report& report, const std::string& value, Round& round) {
  const ReportView view{report};
  Entry& entry = *catalog_.find(view.name());
  const Decision decision = decide(entry.known, view.sighting(), round.wall_now);
  auto split = codec::split_stored(value);
  const bool is_overlay = decision.verdict == Verdict::kOverlay;
  if (!split && !is_overlay) return std::unexpected(split.error());
  const codec::StoredParts nothing;
  const auto* parts = split ? std::get_if<codec::StoredParts>(&*split) : &nothing;
  if (parts == nullptr) return fail(ErrorKind::kInternal, "ingest: a live object is a tombstone");
  std::optional<std::string> joined;
  if (is_overlay) {
    auto overlaid = codec::overlay_detail(parts->detail, view.detail());
    // What is held may be nested deeper than an overlay reads, or be nothing that can be read;
    // Describe's word is good by itself.
    joined = overlaid ? std::move(*overlaid) : std::optional{std::string{view.detail()}};
    if (joined) {
      const Status fits = check_size("the overlaid detail", joined->size(), kDetailBytesMax);
      if (!fits) return fits.error_in("ingest");
    }
    note_shape(entry, view, round);
  }
  const bool new_describe =
      decision.takes_describe && !codec::is_same_json(entry.describe, view.describe_only());
  if (decision.takes_describe) note_asked(entry, view);
  if (new_describe) entry.describe = view.describe_only();
  if (joined || new_describe) {
    write(entry, view, joined ? std::string_view{*joined} : parts->detail, round);
    count(view, Verdict::kOverlay, round);
  } else {
    writer_.await(entry.slot, round.ticket);
    count(view, Verdict::kStale, round);
  }
  return done();
}

// A refusal for now is waited out, as the writer does: given back, the messages of a batch would
// come again only after their visibility timeout.
Async<Result<std::optional<std::string>>> Ingest::read_value(std::string key) {
  Duration wait = options_.writer.retry_wait_min;
  while (true) {
    store::RangeRequest request;
    request.prefix = key;
    request.limit = 1;
    const auto page = co_await store_.range(std::move(request));
    if (page) {
      if (page->items.empty() || page->items.front().key != key) co_return std::nullopt;
      co_return *page->items.front().value;
    }
    if (!is_worth_repeating(page.error().kind)) co_return std::unexpected(page.error());
    co_await sleep_for(executor_, wait);
    wait = std::min(2 * wait, options_.writer.retry_wait_max);
    if (const Status ready = check_ready(); !ready) co_return std::unexpected(ready.error());
  }
}

void Ingest::count(const ReportView& view, Verdict verdict, Round& round) {
  counters_.count(view, verdict);
  switch (verdict) {
    case Verdict::kApply: ++round.counts.changed; break;
    case Verdict::kOverlay: ++round.counts.overlaid; break;
    case Verdict::kStale: ++round.counts.stale; break;
    case Verdict::kFinal: ++round.counts.final; break;
    case Verdict::kDescribe: ++round.counts.asked; break;
  }
}

}  // namespace blox::cluster_state
