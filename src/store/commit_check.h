// The bounds that every store holds requests to, in one place, so that the stores cannot differ.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace blox::store {

/// Compares in one commit, at most. Source: etcd's max-txn-ops.
inline constexpr std::size_t kCommitComparesMax = kCommitOperationsMax + 1;
/// Keys in one page, at most.
inline constexpr std::size_t kPageKeysMax = 10'000;
/// A page or a batch of changes ends soon after as many bytes of keys and values.
inline constexpr std::size_t kPageBytesMax = 4 << 20;
/// Keys and versions looked at for one slice of a range, about. A slice takes a bounded time,
/// however many deleted keys history still holds.
inline constexpr std::size_t kRangeScanMax = 10'000;
/// A batch of changes ends with the commit that reaches as many.
inline constexpr std::size_t kBatchEventsMax = 1'000;

/// What a store reads of a range at a time. A slice that found nothing and is not the last says
/// where to go on; the store does so itself, so that a Page with `more` has items.
struct RangeSlice : Page {
  std::string scanned_to;  ///< With `more` and no items: all keys up to this one were looked at.
};

/// Errors: kInvalid, naming the bound that is broken.
Status check_commit(const Commit& commit);
Status check_range(const RangeRequest& request);

/// Bytes of the keys and values that a commit writes.
std::size_t bytes_of(const Commit& commit);

/// Errors: kInvalid, kCompacted when a snapshot at `revision` cannot be read.
Status check_snapshot(Revision revision, const StoreInfo& info);
/// The same for a range, which may also read at compact_revision: the values in force there are
/// kept, and no later revision may exist.
Status check_range_revision(Revision revision, const StoreInfo& info);

/// Errors: kInvalid (a watch from before the first revision), kCompacted. The future is allowed.
Status check_watch(Revision from_revision, const StoreInfo& info);

/// The one error of a compare that fails; `found` is 0 when the key is absent.
std::unexpected<Error> fail_compare(const Compare& compare, Revision found);

}  // namespace blox::store
