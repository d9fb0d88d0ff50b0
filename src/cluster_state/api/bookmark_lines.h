// BookmarkLines: the lines by which streams tell how far they are. What they say of all clusters is
// the same for all streams, and is encoded once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster_state/view/cluster_view.h"
#include "http/message.h"

namespace blox::cluster_state {

/// Adds to a bookmark what the service knows of itself: ages, and which opening of the store it is.
using Annotate = std::function<void(codec::Bookmark&)>;

/// Threading: the executor's thread. Requires: the view outlives it.
class BookmarkLines {
 public:
  BookmarkLines(ClusterView& view, Annotate annotate)
      : view_(view), annotate_(std::move(annotate)) {}

  /// The bookmark of all that `snapshot` shows, as a list has it.
  codec::Bookmark bookmark_of(const Snapshot& snapshot) const;
  /// Appends the line of a stream that has told of all of `snapshot`, and is at `version`. Ages of
  /// reads are told as they will be when the next line of the kind is encoded, a second later at
  /// most: never as less than they are.
  void append(const Snapshot& snapshot, codec::EntityVersion version, http::Slices& slices);

 private:
  ClusterView& view_;
  Annotate annotate_;
  std::shared_ptr<const std::string> rest_;  // Of all lines, until something of it changes.
  std::shared_ptr<const codec::SyncTimes> rest_of_;
  std::string rest_store_id_;
  TimePoint rest_until_{};
};

}  // namespace blox::cluster_state
