#include "cluster_state/view/change_reader.h"

#include <algorithm>

#include "base/log.h"
#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kLinesMax = 256;

// Where to watch from to see every change above `after`.
store::Revision first_revision(codec::EntityVersion after) {
  return std::max<store::Revision>(1, codec::revision_of(after + 1));
}

std::unexpected<Error> lost(codec::EntityVersion position) {
  return fail(ErrorKind::kCompacted,
              "changes after version " + std::to_string(position) + " are gone");
}

}  // namespace

ChangeReader::ChangeReader(ClusterView& view, ObjectKind kind, codec::EntityVersion after)
    : view_(&view),
      kind_(kind),
      position_(after),
      generation_(view.snapshot()->generation),
      synced_at_(view.snapshot()->synced_at) {}

ChangeReader ChangeReader::open_now(ClusterView& view, ObjectKind kind) {
  return ChangeReader{view, kind, view.snapshot()->version()};
}

Result<ChangeReader> ChangeReader::open(ClusterView& view, ObjectKind kind,
                                        codec::EntityVersion after) {
  const auto snapshot = view.snapshot();
  if (!snapshot) return fail(ErrorKind::kUnavailable, "the stored state is still being loaded");
  if (after > snapshot->version()) {
    return fail(ErrorKind::kInvalid, "version " + std::to_string(after) +
                                         " is in the future: the latest is " +
                                         std::to_string(snapshot->version()));
  }
  const auto compacted = view.store().info().compact_revision;
  if (after < view.recent(kind).floor() && first_revision(after) <= compacted) return lost(after);
  return ChangeReader{view, kind, after};
}

Async<Result<std::vector<Line>>> ChangeReader::next(std::optional<TimePoint> deadline) {
  for (;;) {
    if (view_->snapshot()->generation != generation_) co_return lost(position_);
    if (position_ < view_->recent(kind_).floor()) {
      auto read = co_await read_history();
      if (!read || !read->empty()) co_return read;
      continue;
    }
    history_.reset();
    std::vector<Line> lines = take_recent();
    if (!lines.empty() || take_sync_times()) co_return lines;
    if (!deadline) {
      co_await view_->changed(kind_).wait();
    } else if (!co_await view_->changed(kind_).wait_until(*deadline)) {
      co_return lines;
    }
  }
}

std::vector<Line> ChangeReader::take_recent() {
  const RecentLines& recent = view_->recent(kind_);
  const std::size_t first = recent.find_after(position_);
  const std::size_t end = std::min(recent.size(), first + kLinesMax);
  std::vector<Line> lines;
  for (std::size_t place = first; place < end; ++place) lines.push_back(recent[place]);
  if (!lines.empty()) position_ = lines.back().version;
  // Those who never find the end of the lines in a flood have to learn that they are at it.
  if (end == recent.size()) position_ = std::max(position_, view_->snapshot()->version());
  return lines;
}

// Not part of `next`, which would hold the snapshot, and all that it shows, while it waits.
bool ChangeReader::take_sync_times() {
  const auto snapshot = view_->snapshot();
  position_ = std::max(position_, snapshot->version());
  if (synced_at_ == snapshot->synced_at) return false;
  synced_at_ = snapshot->synced_at;
  return true;
}

// While it is behind what is kept in memory there is a later change in the history, the one that
// was dropped last: so the watch never waits for what may not come.
Async<Result<std::vector<Line>>> ChangeReader::read_history() {
  if (!history_) history_ = view_->store().watch(std::string{prefix()}, first_revision(position_));
  const auto batch = co_await history_->next();
  if (!batch) {
    history_.reset();
    if (batch.error().kind == ErrorKind::kCompacted) co_return lost(position_);
    co_return batch.error_in("read the history of changes");
  }
  std::vector<Line> lines;
  for (const auto& event : batch->events) {
    auto change = read_change(event);
    if (!change) {
      log::error("view", "skips what it cannot decode: {}", change.error().message);
    } else if (*change && (*change)->line.version > position_) {
      lines.push_back(std::move((*change)->line));
    }
  }
  position_ = std::max(position_, codec::last_entity_version(batch->revision));
  co_return lines;
}

std::string_view ChangeReader::prefix() const {
  return kind_ == ObjectKind::kTask ? codec::kTasksPrefix : codec::kInstancesPrefix;
}

}  // namespace blox::cluster_state
