#include "cluster_state/api/bookmark_lines.h"

#include <utility>

#include "cluster_state/api/holes_text.h"

namespace blox::cluster_state {
namespace {

// With a thousand clusters it is 200 KB, and each of a thousand streams has a line in ten seconds.
constexpr std::chrono::seconds kSharedFor{1};

http::Slice slice_of(std::shared_ptr<const std::string> bytes) {
  const std::string_view view{*bytes};
  return {.owner = std::move(bytes), .bytes = view};
}

}  // namespace

codec::Bookmark BookmarkLines::bookmark_of(const Snapshot& snapshot) const {
  auto bookmark = snapshot.bookmark();
  bound_names(bookmark.holes);
  if (annotate_) annotate_(bookmark);
  return bookmark;
}

void BookmarkLines::append(const Snapshot& snapshot, codec::EntityVersion version,
                           http::Slices& slices) {
  const TimePoint now = view_.executor().now();
  if (rest_ == nullptr || rest_of_ != snapshot.synced_at || rest_store_id_ != snapshot.store_id ||
      now >= rest_until_) {
    auto bookmark = bookmark_of(snapshot);
    for (auto& [cluster, age] : bookmark.sync_ages) age += kSharedFor;
    rest_ = std::make_shared<const std::string>(codec::encode_bookmark_rest(bookmark));
    rest_of_ = snapshot.synced_at;
    rest_store_id_ = snapshot.store_id;
    rest_until_ = now + kSharedFor;
  }
  slices.push_back(
      slice_of(std::make_shared<const std::string>(codec::encode_bookmark_head(version))));
  slices.push_back(slice_of(rest_));
}

}  // namespace blox::cluster_state
