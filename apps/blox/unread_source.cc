#include "blox/unread_source.h"

#include <algorithm>
#include <utility>

#include "cluster_state/ingest/followed.h"

namespace blox::apps {

using cluster_state::kStandstillMax;
using cluster_state::UnreadState;

UnreadSource::UnreadSource(Executor& executor, const cluster_state::Ingest& ingest,
                           const cluster_state::ClusterView& view,
                           std::vector<std::string> clusters)
    : executor_(executor),
      ingest_(ingest),
      view_(view),
      clusters_(std::move(clusters)),
      young_until_(executor.now() + kStandstillMax) {}

void UnreadSource::note_open(const Error* error) {
  open_error_ = error == nullptr ? std::string{} : error->message;
}

bool UnreadSource::follows(const ClusterArn& cluster) const {
  if (reconciler_ != nullptr) return reconciler_->follows(cluster);
  return cluster_state::is_followed(clusters_, cluster);
}

std::string_view UnreadSource::why() const {
  if (reconciler_ == nullptr) return open_error_;
  const Error* const error = reconciler_->last_error();
  return error == nullptr ? std::string_view{} : std::string_view{error->message};
}

UnreadSource::Inputs UnreadSource::inputs() const {
  Inputs inputs;
  if (const auto snapshot = view_.snapshot()) {
    inputs.marks = snapshot->synced_at;
    inputs.unmarked = snapshot->unmarked;
  }
  inputs.generation = ingest_.catalog().generation();
  inputs.is_ready = ingest_.is_ready();
  if (reconciler_ == nullptr) return inputs;
  inputs.reads = true;
  inputs.version = reconciler_->unread_version();
  inputs.knows_clusters = reconciler_->knows_clusters();
  return inputs;
}

cluster_state::UnreadPtr UnreadSource::now() {
  Inputs present = inputs();
  const bool holds =
      made_ != nullptr && executor_.now() <= until_ && present == made_of_ && why() == made_->why;
  if (holds) return made_;
  made_of_ = std::move(present);
  until_ = TimePoint::max();
  made_ = std::make_shared<const UnreadState>(make());
  return made_;
}

void UnreadSource::note_until(TimePoint time) {
  if (time >= executor_.now()) until_ = std::min(until_, time);
}

// A store that holds a mark is served at once: of what it does not hold the next read tells. One of
// a cluster that is not followed says nothing of those that are.
UnreadState UnreadSource::make() {
  UnreadState state;
  state.why = why();
  state.any_read = made_of_.marks && std::ranges::any_of(*made_of_.marks, [&](const auto& mark) {
                     return follows(mark.first);
                   });
  state.knows_clusters = state.any_read || made_of_.knows_clusters;
  if (reconciler_ != nullptr) add_unread(state);
  if (!made_of_.marks) return state;
  add_unmarked(state);
  if (!made_of_.knows_clusters) add_unnamed(state);
  return state;
}

void UnreadSource::add_unread(UnreadState& state) {
  for (const auto& [target, progress] : reconciler_->unread_clusters()) {
    // What answers show has its mark already: reconcile is just about to hear of that.
    if (made_of_.marks && made_of_.marks->contains(ClusterArn{target})) continue;
    const bool holds_up = progress.in_first_list && !progress.is_given_up(executor_.now());
    if (const auto until = progress.stands_until(); until && holds_up) note_until(*until);
    const auto& error = progress.last_error;
    state.clusters.push_back({target, holds_up, error ? error->message : std::string{}});
  }
}

// Those that are shown in part and that reconcile does not have in its list: an earlier process has
// not ended their first read, and ECS has not named them yet; their mark is on its way from the
// store; or an event has just made them known.
void UnreadSource::add_unmarked(UnreadState& state) {
  note_until(young_until_);
  const bool young = executor_.now() <= young_until_;
  for (const ClusterArn& cluster : *made_of_.unmarked) {
    if (!follows(cluster)) continue;
    state.shown.insert(cluster.value);
    if (reconciler_ != nullptr && reconciler_->unread_clusters().contains(cluster.value)) continue;
    const bool holds_up =
        made_of_.knows_clusters ? ingest_.catalog().synced_at(cluster).has_value() : young;
    state.clusters.push_back({cluster.value, holds_up, state.why});
  }
}

// Those of --cluster of which nothing is known yet.
void UnreadSource::add_unnamed(UnreadState& state) {
  note_until(young_until_);
  const bool young = executor_.now() <= young_until_;
  for (const std::string& name : clusters_) {
    const auto is_it = [&](const ClusterArn& cluster) {
      return cluster_state::is_followed({name}, cluster);
    };
    const bool marked =
        std::ranges::any_of(*made_of_.marks, [&](const auto& mark) { return is_it(mark.first); });
    const bool told = std::ranges::any_of(
        state.clusters, [&](const auto& each) { return is_it(ClusterArn{each.target}); });
    if (!marked && !told) state.clusters.push_back({name, young, state.why});
  }
}

}  // namespace blox::apps
