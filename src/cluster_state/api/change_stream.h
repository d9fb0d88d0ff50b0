// The body of /v1/stream/tasks and /v1/stream/instances: lines shared with all other readers.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "cluster_state/api/request_options.h"
#include "cluster_state/view/cluster_view.h"
#include "http/message.h"

namespace blox::cluster_state {

/// How long ago the queue of events last answered; none when it never did, or nobody asks it.
using ReceiveAge = std::function<std::optional<Duration>()>;

/// A stream without bookmarks shows what v0.3 showed: objects alone. Where it cannot go on it
/// breaks off; one with bookmarks ends with a line that says so.
/// Requires: the view outlives the body, and has a snapshot.
std::expected<std::unique_ptr<http::BodyStream>, Refusal> open_change_stream(
    ClusterView& view, ObjectKind kind, const StreamOptions& options, ReceiveAge receive_age = {});

}  // namespace blox::cluster_state
