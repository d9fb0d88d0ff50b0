#include "cluster_state/ingest/loss_watch.h"

#include <utility>

#include "base/age.h"
#include "base/text.h"

namespace blox::cluster_state {
namespace {

// More than any queue keeps: a date that was set may say anything.
constexpr std::chrono::days kSilentMax{365};

}  // namespace

std::optional<std::string> LossWatch::note_received(WallTime now) {
  const auto silent = clamped_age(received_at_.value_or(now), now, kSilentMax);
  if (silent > retention_) {
    lost_ = "nothing was received for " + format_duration(silent) +
            ", and the queue keeps messages for " + format_duration(retention_);
  }
  received_at_ = now;
  return told(now);
}

std::optional<std::string> LossWatch::note_look(const aws::QueueLook& look, WallTime now) {
  if (look.retention) retention_ = *look.retention;
  if (!look.identity.empty() && look.identity != identity_) {
    const bool first = identity_.empty();
    if (!first) lost_ = "the queue was " + quote(identity_) + " and is " + quote(look.identity);
    identity_ = look.identity;
    if (!first) return told(now);
  }
  return std::nullopt;
}

std::optional<std::string> LossWatch::told(WallTime now) {
  // A clock that was set back is no reason to wait longer.
  if (!lost_ || (told_at_ && now >= *told_at_ && clamped_age(*told_at_, now, kSilentMax) < kPause))
    return std::nullopt;
  told_at_ = now;
  return std::exchange(lost_, std::nullopt);
}

}  // namespace blox::cluster_state
