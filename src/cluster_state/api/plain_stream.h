// The body of a stream without bookmarks: what v0.3 showed, objects alone, and nothing of a cluster
// that was not read from ECS yet.
#pragma once

#include <optional>
#include <vector>

#include "cluster_state/api/unread.h"
#include "cluster_state/view/change_reader.h"
#include "cluster_state/view/selection.h"
#include "http/message.h"

namespace blox::cluster_state {

/// Changes of objects in their order, but for deletes. Those of unread clusters are held back: once
/// such a cluster is read, all that it has is sent, in the order of the versions, before any later
/// change of any cluster. So who resumes behind a version that was sent lacks nothing: of each
/// cluster whose first read ended later all is sent (again), but of the one that the client has
/// seen. Where it cannot go on it breaks off. Requires: the view and what `unread` uses outlive it.
/// Threading: the executor's thread.
class PlainStreamBody final : public http::BodyStream {
 public:
  /// `seen`: the version of the change that the client was shown last, if it says so.
  PlainStreamBody(ClusterView& view, ObjectKind kind, ChangeReader reader, FindUnread unread,
                  std::optional<codec::EntityVersion> seen = {});

  Async<Result<http::Slices>> next() override;

 private:
  void note_seen();
  void look(codec::EntityVersion before);
  void add_freed(const std::string& cluster, codec::EntityVersion until);
  http::Slices take_freed();
  http::Slices take_lines();

  ClusterView& view_;
  ObjectKind kind_;
  ChangeReader reader_;
  FindUnread unread_;
  std::optional<codec::EntityVersion> seen_;  // Until it is known of which cluster that was.
  ClusterSet held_;                           // Those whose objects are not sent.
  SnapshotPtr freed_from_;                    // The picture in which these are.
  std::vector<const Shown*> freed_;  // Not held back any more and not sent yet, the newest first.
  std::vector<Line> lines_;          // They come after what was freed.
  bool has_ended_ = false;
};

}  // namespace blox::cluster_state
