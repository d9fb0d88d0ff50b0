// The answer of /v1/deadletters.
#pragma once

#include <string>
#include <vector>

#include "codec/stored_records.h"

namespace blox::cluster_state {

/// Bodies of control characters are six times as long in JSON. What an answer may take.
inline constexpr std::size_t kDeadLettersAnswerBytesMax = 16 << 20;

/// `{"items":[{"messageId","at","error","bodyBytes","body"}]}`, in the order given, as many
/// as kDeadLettersAnswerBytesMax takes.
std::string encode_dead_letters(const std::vector<codec::DeadLetter>& letters);

}  // namespace blox::cluster_state
