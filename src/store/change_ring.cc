#include "store/change_ring.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/commit_check.h"

namespace blox::store {
namespace {

constexpr std::int64_t kEventOverhead = sizeof(WatchEvent) + sizeof(std::string);
// Changes looked at for one batch, so that a prefix that nothing matches cannot hold the thread.
constexpr std::size_t kScanMax = 10'000;

Revision revision_of(const WatchEvent& event) { return event.entry.mod_revision; }

}  // namespace

std::int64_t bytes_of(const WatchEvent& event) {
  const std::size_t value = event.entry.value ? event.entry.value->size() : 0;
  return kEventOverhead + static_cast<std::int64_t>(event.entry.key.size() + value);
}

ChangeRing::ChangeRing(Revision revision, std::size_t changes_max, std::int64_t bytes_max)
    : changes_max_(changes_max),
      bytes_max_(bytes_max),
      first_revision_(revision + 1),
      revision_(revision) {}

std::vector<WatchEvent> ChangeRing::push(std::vector<WatchEvent> events, Revision revision) {
  check(revision > revision_, "the revision of a ChangeRing grows");
  const std::size_t newest = events.size();
  revision_ = revision;
  for (auto& event : events) {
    bytes_ += bytes_of(event);
    events_.push_back(std::move(event));
  }
  Revision through = 0;
  std::int64_t bytes = bytes_;
  for (std::size_t drop = 0; drop + newest < events_.size(); ++drop) {
    const bool fits = events_.size() - drop <= changes_max_ && bytes <= bytes_max_;
    if (fits && revision_of(events_[drop]) != through) break;
    through = revision_of(events_[drop]);
    bytes -= bytes_of(events_[drop]);
  }
  return drop_through(through);
}

std::vector<WatchEvent> ChangeRing::drop_through(Revision revision) {
  std::vector<WatchEvent> dropped;
  while (!events_.empty() && revision_of(events_.front()) <= revision) {
    bytes_ -= bytes_of(events_.front());
    dropped.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  first_revision_ = std::max(first_revision_, revision + 1);
  return dropped;
}

WatchBatch ChangeRing::read(std::string_view prefix, Revision from) const {
  check(first_revision_ <= from && from <= revision_, "a ChangeRing is read where it reaches");
  WatchBatch batch;
  std::size_t bytes = 0;
  std::size_t scanned = 0;
  auto event = std::ranges::lower_bound(events_, from, {}, revision_of);
  batch.revision = from - 1;
  for (; event != events_.end(); ++event) {
    const bool full =
        batch.events.size() >= kBatchEventsMax || bytes >= kPageBytesMax || scanned >= kScanMax;
    if (full && revision_of(*event) != batch.revision) return batch;
    batch.revision = revision_of(*event);
    ++scanned;
    if (!event->entry.key.starts_with(prefix)) continue;
    bytes += static_cast<std::size_t>(bytes_of(*event));
    batch.events.push_back(*event);
  }
  batch.revision = revision_;
  return batch;
}

}  // namespace blox::store
