#include "cluster_state/ingest/return_watch.h"

#include <algorithm>
#include <utility>

namespace blox::cluster_state {

bool ReturnWatch::is_due(TimePoint now) const {
  return !given_ && (!last_at_ || now - *last_at_ >= kEvery);
}

void ReturnWatch::begin(std::string message_id, TimePoint now) {
  given_ = Given{std::move(message_id), std::nullopt, 0};
  last_at_ = now;
}

void ReturnWatch::note_given(TimePoint now) {
  if (given_) given_->at = now;
}

void ReturnWatch::note_received(const std::string& message_id) {
  if (!given_ || given_->message_id != message_id) return;
  given_.reset();
  add(false, *last_at_);
}

void ReturnWatch::note_call(TimePoint began_at, bool has_room, TimePoint now) {
  if (!given_ || !given_->at) return;
  const Duration waited = now - *given_->at;
  if (waited >= kWaitMax) return call_off();
  if (began_at > *given_->at && has_room) ++given_->calls_with_room;
  if (given_->calls_with_room < kCallsWithRoom || waited < kWaitMin) return;
  given_.reset();
  add(true, now);
}

void ReturnWatch::add(bool missed, TimePoint now) {
  outcomes_.push_back({now, missed});
  if (outcomes_.size() > kResults) outcomes_.pop_front();
}

bool ReturnWatch::is_shared(TimePoint now) const {
  const auto missed = std::ranges::count_if(outcomes_, [&](const Outcome& outcome) {
    return outcome.missed && now - outcome.at < kResultAge;
  });
  return static_cast<std::size_t>(missed) >= kManyMissed;
}

}  // namespace blox::cluster_state
