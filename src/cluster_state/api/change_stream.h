// The body of /v1/stream/tasks and /v1/stream/instances: lines shared with all other readers.
#pragma once

#include <memory>

#include "cluster_state/api/bookmark_lines.h"
#include "cluster_state/api/request_options.h"
#include "cluster_state/api/unread.h"
#include "cluster_state/view/cluster_view.h"
#include "http/message.h"

namespace blox::cluster_state {

/// One without bookmarks is a PlainStreamBody; one with them ends, where it cannot go on, with a
/// line that says so.
/// Requires: the view, the bookmarks and what `unread` uses outlive the body, and the view has a
/// snapshot.
std::expected<std::unique_ptr<http::BodyStream>, Refusal> open_change_stream(
    ClusterView& view, ObjectKind kind, const StreamOptions& options, BookmarkLines& bookmarks,
    FindUnread unread);

}  // namespace blox::cluster_state
