// The dead letters that ingest has kept, read from the store for those who ask.
#pragma once

#include <cstddef>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "codec/stored_records.h"
#include "store/store.h"

namespace blox::cluster_state {

/// Bytes of bodies in one answer, at most.
inline constexpr std::size_t kDeadLettersBytesMax = 16 << 20;

/// The newest `count_max` of them, newest first, fewer when their bodies are more than
/// kDeadLettersBytesMax. Those that cannot be decoded are left out.
/// Errors: those of Store::range. Requires: the store outlives the call.
Async<Result<std::vector<codec::DeadLetter>>> list_dead_letters(store::Store& store,
                                                                std::size_t count_max);

}  // namespace blox::cluster_state
