// The body of /v1/stream/tasks and /v1/stream/instances: lines shared with all other readers.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cluster_state/api/request_options.h"
#include "cluster_state/view/cluster_view.h"
#include "http/message.h"

namespace blox::cluster_state {

/// Adds to a bookmark what the service knows of itself: ages, and which opening of the store it is.
using Annotate = std::function<void(codec::Bookmark&)>;

/// A stream without bookmarks shows what v0.3 showed: objects alone. Where it cannot go on it
/// breaks off; one with bookmarks ends with a line that says so.
/// Requires: the view outlives the body, and has a snapshot.
std::expected<std::unique_ptr<http::BodyStream>, Refusal> open_change_stream(
    ClusterView& view, ObjectKind kind, const StreamOptions& options, Annotate annotate = {});

}  // namespace blox::cluster_state
