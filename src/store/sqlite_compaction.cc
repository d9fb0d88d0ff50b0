// Compaction: first the revision below which nothing is read any more is stored, then what only
// reads below it could need is removed, slice by slice.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "store/commit_check.h"
#include "store/sqlite_core.h"
#include "store/sqlite_schema.h"

namespace blox::store {
namespace {

constexpr std::int64_t kSliceMax = 1'000;

struct Swept {
  std::int64_t version;
  std::int64_t key_id;
  std::int64_t previous_version;
  bool deleted;
};

Result<std::vector<Swept>> list_swept(SqliteStatement& list, std::int64_t after,
                                      std::int64_t before) {
  const SqliteResetAtEnd reset{list};
  list.bind(1, after).bind(2, before).bind(3, kSliceMax);
  std::vector<Swept> slice;
  for (;;) {
    const auto row = list.step();
    if (!row) return std::unexpected<Error>(row.error());
    if (!*row) return slice;
    const bool deleted = list.integer(3) == static_cast<std::int64_t>(ValueEncoding::kDeleted);
    slice.push_back(Swept{list.integer(0), list.integer(1), list.integer(2), deleted});
  }
}

}  // namespace

Status SqliteCore::compact(Revision revision) {
  if (revision > info_.revision) return check_snapshot(revision, info_).error_in("compact");
  if (revision <= info_.compact_revision) return done();
  if (auto writable = check_writable(); !writable) return writable.error_in("compact");
  if (auto stored = store_compacted(revision); !stored) {
    undo();
    return stored.error_in("compact");
  }
  info_.compact_revision = revision;
  return done();
}

Status SqliteCore::store_compacted(Revision revision) {
  if (auto begun = statements_.begin.run(); !begun) return begun;
  if (auto set = statements_.set_compacted.bind(1, revision).run(); !set) return set;
  return end_transaction();
}

Result<Revision> SqliteCore::bound_of_history(WallTime now, Revision aged) {
  const auto& bounds = options_.history;
  // What there was before the oldest mark that is still needed is compacted already.
  auto& mark = statements_.read_mark;
  const SqliteResetAtEnd mark_reset{mark};
  auto row = mark.bind(1, info_.compact_revision).step();
  if (!row) return std::unexpected<Error>(row.error());
  const Totals compacted = *row ? Totals{mark.integer(0), mark.integer(1)} : Totals{};
  const bool too_many = totals_.changes - compacted.changes > bounds.changes_max ||
                        totals_.bytes - compacted.bytes > bounds.bytes_max;
  auto& bound = statements_.find_bound;
  const SqliteResetAtEnd bound_reset{bound};
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(bounds.age);
  bound.bind(1, (now - age).time_since_epoch().count()).bind(2, too_many ? 1 : 0);
  bound.bind(3, totals_.changes - bounds.changes_max).bind(4, totals_.bytes - bounds.bytes_max);
  bound.bind(5, aged);
  row = bound.step();
  if (!row) return std::unexpected<Error>(row.error());
  return bound.integer(0);
}

Status SqliteCore::compact_to_bounds(WallTime now, Revision aged) {
  if (broken_) return std::unexpected<Error>(*broken_);
  const auto bound = bound_of_history(now, aged);
  if (!bound) return bound.error_in("compact");
  return compact(*bound);
}

Result<bool> SqliteCore::sweep() {
  const std::int64_t last = version_of(info_.compact_revision + 1, 0) - 1;
  if (swept_version_ >= last) return false;
  if (auto writable = check_writable(); !writable) return writable.error_in("compact");
  const std::int64_t swept_before = swept_version_;
  if (auto swept = sweep_slice(); !swept) {
    undo();
    swept_version_ = swept_before;
    return swept.error_in("compact");
  }
  if (auto copied = copy_wal_if_due(); !copied) return copied.error_in("compact");
  return swept_version_ < last;
}

// Each change superseded the one that it names as its previous, so looking once at every change up
// to the compacted revision finds all that is to go, without an index by key.
Status SqliteCore::sweep_slice() {
  const std::int64_t end = version_of(info_.compact_revision + 1, 0);
  const auto slice = list_swept(statements_.list_swept, swept_version_, end);
  if (!slice) return std::unexpected<Error>(slice.error());
  if (auto begun = statements_.begin.run(); !begun) return begun;
  for (const auto& change : *slice) {
    if (change.previous_version != 0) {
      auto& superseded = statements_.delete_log.bind(1, change.previous_version);
      if (auto gone = superseded.run(); !gone) return gone;
    }
    if (!change.deleted) continue;
    if (auto gone = sweep_tombstone(change.key_id, change.version); !gone) return gone;
  }
  const bool last = slice->size() < static_cast<std::size_t>(kSliceMax);
  swept_version_ = last ? end - 1 : slice->back().version;
  if (auto set = statements_.set_swept.bind(1, swept_version_).run(); !set) return set;
  auto& marks = statements_.delete_marks.bind(1, info_.compact_revision);
  if (auto gone = marks.run(); !gone) return gone;
  return end_transaction();
}

Status SqliteCore::sweep_tombstone(std::int64_t key_id, std::int64_t version) {
  if (auto gone = statements_.delete_log.bind(1, version).run(); !gone) return gone;
  {
    const SqliteResetAtEnd reset{statements_.read_current};
    const auto row = statements_.read_current.bind(1, key_id).step();
    if (!row) return std::unexpected<Error>(row.error());
    if (!*row || statements_.read_current.integer(0) != version) return done();  // It came back.
  }
  if (auto gone = statements_.delete_current.bind(1, key_id).run(); !gone) return gone;
  auto& key = statements_.delete_key.bind(1, key_id);
  const SqliteResetAtEnd reset{key};
  const auto row = key.step();
  if (!row) return std::unexpected<Error>(row.error());
  if (*row) keys_.erase(key.bytes(0));
  return done();
}

}  // namespace blox::store
