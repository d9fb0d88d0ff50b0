// The answer of /v1/events.
#pragma once

#include <string>
#include <vector>

#include "codec/stored_records.h"

namespace blox::cluster_state {

/// `{"items":[{"id","detailType","cluster","time","event":{…}}]}`, in the order given; `event` is
/// the envelope as it came.
std::string encode_kept_events(const std::vector<codec::StoredEvent>& events);

}  // namespace blox::cluster_state
