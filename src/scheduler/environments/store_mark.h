// StoreMark: in which store the scheduler's records were written, told beside them. A store that
// was copied back and given another id (docs/formats/sqlite.md) is known by it: what was started
// since the copy was made is unknown to it, and for a while to everybody else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/async.h"
#include "base/time.h"
#include "store/store.h"

namespace blox::scheduler {

inline constexpr std::string_view kStoreMarkKey = "scheduler/store";

struct StoreOrigin {
  bool is_copy = false;  ///< The store's records were written under another id than it has now.
  /// When the copy that it was became the store in which its records are written; none if never.
  std::optional<WallTime> taken_over_at;
};

/// What stands in the commit that creates an environment. Requires: `id` is UTF-8.
store::Put store_mark_of(const std::string& id, std::optional<WallTime> taken_over_at = {});

/// Records of before this mark get it. Errors: those of Store::range and Store::commit; kInternal
/// (a mark that cannot be read).
Async<Result<StoreOrigin>> find_origin(store::Store& store);
/// From here on it is the store in which its records were written. Errors: those of Store::commit.
Async<Status> take_over(store::Store& store, WallTime now);

}  // namespace blox::scheduler
