// The tables of a store's file, its format number, and the way from older formats.
// docs/formats/sqlite.md describes them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/sqlite_database.h"
#include "store/store.h"

namespace blox::store {

/// The format that this program writes, and the newest that it reads.
inline constexpr std::int64_t kSqliteFormat = 1;

/// A change's place in the log and the API's `entityVersion`: revision x 128 + position.
inline constexpr std::int64_t kVersionsPerRevision = 128;
static_assert(kCommitOperationsMax < kVersionsPerRevision);

constexpr std::int64_t version_of(Revision revision, int position) {
  return revision * kVersionsPerRevision + position;
}
constexpr Revision revision_of(std::int64_t version) { return version / kVersionsPerRevision; }
constexpr int position_of(std::int64_t version) {
  return static_cast<int>(version % kVersionsPerRevision);
}

/// Changes nothing. Errors: kInvalid (not a Blox store, or of a newer format), and
/// SqliteDatabase's.
Status check_format(SqliteDatabase& database);

/// Makes the tables of a new file, and brings one of an older format up to ours, a transaction a
/// format. `store_id` is that of a new file. Requires: passes check_format.
/// Errors: SqliteDatabase's.
Status bring_to_format(SqliteDatabase& database, const std::string& store_id);

}  // namespace blox::store
