#include "cluster_state/ingest/hidden_watch.h"

#include <algorithm>

namespace blox::cluster_state {

void HiddenWatch::note(TimePoint until) {
  latest_ = std::max(latest_, until);
  // What waits already is not put off by each further one.
  if (!due_) due_ = std::max(latest_, not_before_);
}

bool HiddenWatch::take_due(TimePoint now) {
  if (!due_ || now < *due_) return false;
  if (latest_ > now && latest_ - now <= kSoon) return false;
  not_before_ = now + kPause;
  due_.reset();
  if (latest_ > now) due_ = std::max(latest_, not_before_);
  return true;
}

}  // namespace blox::cluster_state
