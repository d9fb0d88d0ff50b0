#include "cluster_state/reconcile/read_progress.h"

#include <utility>

namespace blox::cluster_state {

void UnreadList::add(const std::string& target, TimePoint now, bool in_first_list) {
  clusters_.try_emplace(target, ReadProgress{now, now, {}, std::nullopt, in_first_list});
}

void UnreadList::rename(const std::string& name, const std::string& arn) {
  if (name == arn) return;
  auto node = clusters_.extract(name);
  if (!node) return;
  node.key() = arn;
  clusters_.insert(std::move(node));
}

void UnreadList::note_waiting(const std::string& target, TimePoint now) {
  const auto found = clusters_.find(target);
  if (found != clusters_.end() && !found->second.waits_since) found->second.waits_since = now;
}

void UnreadList::note_turn(const std::string& target, TimePoint now) {
  const auto found = clusters_.find(target);
  if (found == clusters_.end()) return;
  ReadProgress& progress = found->second;
  progress.waited += now - std::exchange(progress.waits_since, std::nullopt).value_or(now);
}

void UnreadList::note_progress(const std::string& target, TimePoint now) {
  const auto found = clusters_.find(target);
  if (found == clusters_.end()) return;
  ReadProgress& progress = found->second;
  progress.progress_at = now;
  progress.waited = {};
  if (progress.waits_since) progress.waits_since = now;
}

void UnreadList::note_failure(const std::string& target, const Error& error) {
  const auto found = clusters_.find(target);
  if (found == clusters_.end()) return;
  found->second.last_error = error;
  // It is not there: if it comes, it is a new one.
  if (error.kind == ErrorKind::kNotFound) found->second.in_first_list = false;
}

}  // namespace blox::cluster_state
