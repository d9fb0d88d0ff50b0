#include "cluster_state/api/plain_stream.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "model/arn.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kFreedLinesMax = 256;
// While something is held back: what ends that may be no change that the reader waits for.
constexpr std::chrono::seconds kLookInterval{10};

}  // namespace

PlainStreamBody::PlainStreamBody(ClusterView& view, ObjectKind kind, ChangeReader reader,
                                 FindUnread unread, std::optional<codec::EntityVersion> seen)
    : view_(view),
      kind_(kind),
      reader_(std::move(reader)),
      unread_(std::move(unread)),
      seen_(seen) {
  // What came before the place from which it resumes may have been held back there.
  for (const auto& [cluster, since] : *view_.snapshot()->marked_since) {
    if (since > reader_.position()) held_.insert(cluster.value);
  }
  const UnreadPtr unread_now = unread_();
  held_.insert(unread_now->shown.begin(), unread_now->shown.end());
}

Async<Result<http::Slices>> PlainStreamBody::next() {
  while (!has_ended_) {
    if (auto freed = take_freed(); !freed.empty()) co_return freed;
    if (auto lines = take_lines(); !lines.empty()) co_return lines;
    const codec::EntityVersion before = reader_.position();
    std::optional<TimePoint> deadline;
    if (!held_.empty()) deadline = view_.executor().now() + kLookInterval;
    auto lines = co_await reader_.next(deadline);
    if (!lines) {
      has_ended_ = true;
      co_return std::unexpected<Error>(lines.error());
    }
    lines_ = *std::move(lines);
    note_seen();
    look(before);
  }
  co_return http::Slices{};
}

// It was not held back then, and what else its cluster has was shown as well.
void PlainStreamBody::note_seen() {
  if (!seen_ || lines_.empty()) return;
  if (lines_.front().version == *seen_) held_.erase(std::string{lines_.front().cluster});
  seen_.reset();
}

// `before`: where the reader stood when it began with these lines. What it gave until then of a
// cluster that was held back has to be in the picture from which that cluster is sent.
void PlainStreamBody::look(codec::EntityVersion before) {
  const auto snapshot = view_.snapshot();
  if (held_.empty() && snapshot->unmarked->empty()) return;
  const UnreadPtr unread = unread_();
  if (before <= snapshot->version()) {
    freed_from_ = snapshot;
    std::erase_if(held_, [&](const std::string& cluster) {
      if (unread->shown.contains(cluster)) return false;
      add_freed(cluster, before);
      return true;
    });
    std::ranges::sort(freed_, std::ranges::greater{}, &Shown::version);
  }
  held_.insert(unread->shown.begin(), unread->shown.end());
}

// What is newer than `until` the reader gives.
void PlainStreamBody::add_freed(const std::string& cluster, codec::EntityVersion until) {
  ListFilter filter;
  filter.cluster_name = cluster_name(ClusterArn{cluster});
  Selection named{freed_from_, kind_, std::move(filter)};
  while (const Shown* entry = named.next()) {
    if (entry->cluster_arn == cluster && entry->version <= until) freed_.push_back(entry);
  }
}

http::Slices PlainStreamBody::take_freed() {
  http::Slices slices;
  for (; !freed_.empty() && slices.size() < kFreedLinesMax; freed_.pop_back()) {
    slices.push_back({.owner = freed_from_, .bytes = freed_.back()->line()});
  }
  if (freed_.empty()) freed_from_.reset();
  return slices;
}

http::Slices PlainStreamBody::take_lines() {
  http::Slices slices;
  slices.reserve(lines_.size());
  for (Line& line : std::exchange(lines_, {})) {
    if (line.deleted || (!held_.empty() && held_.contains(line.cluster))) continue;
    slices.push_back({.owner = std::move(line.owner), .bytes = line.bytes});
  }
  return slices;
}

}  // namespace blox::cluster_state
