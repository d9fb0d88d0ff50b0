#include "cluster_state/reconcile/read_progress.h"

#include <utility>

namespace blox::cluster_state {

ReadProgress* UnreadList::find_to_change(const std::string& target) {
  const auto found = clusters_.find(target);
  if (found == clusters_.end()) return nullptr;
  ++version_;
  return &found->second;
}

void UnreadList::add(const std::string& target, TimePoint now, bool in_first_list) {
  const ReadProgress first{now, now, {}, std::nullopt, in_first_list};
  if (clusters_.try_emplace(target, first).second) ++version_;
}

void UnreadList::name_first(const std::string& target) {
  ReadProgress* const progress = find_to_change(target);
  if (progress == nullptr) return;
  const auto& error = progress->last_error;
  progress->in_first_list = !error || error->kind != ErrorKind::kNotFound;
}

void UnreadList::rename(const std::string& name, const std::string& arn) {
  if (name == arn) return;
  auto node = clusters_.extract(name);
  if (!node) return;
  ++version_;
  node.key() = arn;
  clusters_.insert(std::move(node));
}

void UnreadList::note_waiting(const std::string& target, TimePoint now) {
  ReadProgress* const progress = find_to_change(target);
  if (progress != nullptr && !progress->waits_since) progress->waits_since = now;
}

void UnreadList::note_turn(const std::string& target, TimePoint now) {
  ReadProgress* const progress = find_to_change(target);
  if (progress == nullptr) return;
  progress->waited += now - std::exchange(progress->waits_since, std::nullopt).value_or(now);
}

void UnreadList::note_progress(const std::string& target, TimePoint now) {
  ReadProgress* const progress = find_to_change(target);
  if (progress == nullptr) return;
  // Who was answered without it is not made to wait again: a read that begins anew now and then
  // moves each time, to where the last one stood still.
  if (progress->is_given_up(now)) progress->in_first_list = false;
  progress->progress_at = now;
  progress->waited = {};
  if (progress->waits_since) progress->waits_since = now;
}

void UnreadList::note_failure(const std::string& target, const Error& error) {
  ReadProgress* const progress = find_to_change(target);
  if (progress == nullptr) return;
  progress->last_error = error;
  // It is not there: if it comes, it is a new one.
  if (error.kind == ErrorKind::kNotFound) progress->in_first_list = false;
}

void UnreadList::erase(const std::string& target) {
  if (clusters_.erase(target) > 0) ++version_;
}

}  // namespace blox::cluster_state
