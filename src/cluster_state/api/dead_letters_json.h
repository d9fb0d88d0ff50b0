// The answer of /v1/deadletters.
#pragma once

#include <string>
#include <vector>

#include "codec/stored_records.h"

namespace blox::cluster_state {

/// `{"items":[{"messageId","at","error","bodyBytes","body"}]}`, in the order given.
std::string encode_dead_letters(const std::vector<codec::DeadLetter>& letters);

}  // namespace blox::cluster_state
