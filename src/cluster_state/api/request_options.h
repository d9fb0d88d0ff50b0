// What a request asks for, read from its query: filters of lists, beginnings of streams.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "cluster_state/api/refusal.h"
#include "cluster_state/view/selection.h"
#include "http/url.h"

namespace blox::cluster_state {

struct ListOptions {
  ListFilter filter;
  bool bookmarks = false;  ///< Close the list with a bookmark.
};

/// `status`, `cluster`, for tasks also `startedBy`, an empty one being left out; `bookmarks` is
/// ours.
std::expected<ListOptions, Refusal> read_list_options(ObjectKind kind, const http::Query& query);

struct StreamOptions {
  /// Begin with the first change above it. Of `entityVersion` (inclusive) it is one less.
  std::optional<codec::EntityVersion> after;
  /// Ours: versions of another store are compacted. Empty: not said.
  std::string store_id;
  bool is_v03_version = false;  ///< It came as `entityVersion`.
  bool bookmarks = false;       ///< Deletes and bookmarks too, compacted at the end.
};

/// `entityVersion` is v0.3's; `after`, `storeId` and `bookmarks` are ours.
std::expected<StreamOptions, Refusal> read_stream_options(const http::Query& query);

}  // namespace blox::cluster_state
