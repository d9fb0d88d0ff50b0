// The events of types without a version that ingest has kept, read from the store for those who
// ask.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "codec/stored_records.h"
#include "store/store.h"

namespace blox::cluster_state {

/// Bytes of events in one answer, at most.
inline constexpr std::size_t kKeptEventsBytesMax = 16 << 20;

/// An empty field narrows nothing.
struct EventFilter {
  std::string cluster;  ///< Name or ARN.
  std::string detail_type;
};

/// The newest `count_max` that pass, newest first, fewer when they are more than
/// kKeptEventsBytesMax. Reads all that are kept, of one type when the filter names it. Those that
/// cannot be decoded are left out.
/// Errors: those of Store::range. Requires: the store outlives the call.
Async<Result<std::vector<codec::StoredEvent>>> list_kept_events(store::Store& store,
                                                                EventFilter filter,
                                                                std::size_t count_max);

}  // namespace blox::cluster_state
