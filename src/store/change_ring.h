// ChangeRing: the most recent commits in memory, from which watches are served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace blox::store {

/// Bytes that a change is counted with: key, value and what surrounds them.
std::int64_t bytes_of(const WatchEvent& event);

/// Whole commits in their order, the oldest dropped once there are more changes or bytes than
/// allowed; the newest commit always stays. Threading: none.
class ChangeRing {
 public:
  /// Empty, behind the commit of `revision`.
  ChangeRing(Revision revision, std::size_t changes_max, std::int64_t bytes_max);

  /// Adds one commit: its changes in order, none if it changed nothing. Requires: a greater
  /// `revision` than before. Returns what it dropped for that, oldest first.
  std::vector<WatchEvent> push(std::vector<WatchEvent> events, Revision revision);
  /// Drops the commits up to and with `revision`, and returns their changes.
  std::vector<WatchEvent> drop_through(Revision revision);

  /// The first revision of which nothing was dropped.
  Revision first_revision() const { return first_revision_; }
  /// Of the newest commit.
  Revision revision() const { return revision_; }
  std::int64_t bytes() const { return bytes_; }
  std::size_t size() const { return events_.size(); }

  /// The next changes under `prefix` from `from` on, whole commits, as many as a batch takes; looks
  /// at a bounded number and so may find none before revision(). Requires: first_revision() <=
  /// `from` <= revision().
  WatchBatch read(std::string_view prefix, Revision from) const;

 private:
  std::size_t changes_max_;
  std::int64_t bytes_max_;
  Revision first_revision_;
  Revision revision_;
  std::int64_t bytes_ = 0;
  std::deque<WatchEvent> events_;
};

}  // namespace blox::store
