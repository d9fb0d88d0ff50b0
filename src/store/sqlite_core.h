// SqliteCore: the store in one SQLite file as plain blocking calls; no executor, no thread of its
// own. docs/formats/sqlite.md describes the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "store/commit_check.h"
#include "store/history.h"
#include "store/key_cache.h"
#include "store/sqlite_database.h"
#include "store/store.h"
#include "store/value_codec.h"

namespace blox::store {

/// kOff is for the test that shows what kFull is good for: a crash then loses what was
/// acknowledged.
enum class SqliteDurability : std::uint8_t { kFull, kOff };

struct SqliteCoreOptions {
  std::string vfs;  ///< SQLite's name of the disk; empty: the system's. See FaultDisk.
  /// Decides the store id of a file that is created; nothing: the operating system does.
  std::optional<std::uint64_t> store_id_seed;
  HistoryBounds history;
  SqliteDurability durability = SqliteDurability::kFull;
  /// Pages of 4 KiB in the WAL after which it is copied into the file.
  int checkpoint_pages = 2'000;
  /// When the WAL is longer and cannot be copied, nothing more is written: 64 MB, less one group.
  int wal_pages_max = 12'000;
};

/// What operators want to know of the file.
struct SqliteHealth {
  int wal_pages = 0;                    ///< Of 4 KiB, not copied into the file yet.
  std::int64_t failed_checkpoints = 0;  ///< Since the opening.
};

struct CommitOutcome {
  Result<Revision> result;
  std::vector<WatchEvent> events;  ///< What it changed, in order; empty if it failed.
};

/// One file, one connection, which holds the file's lock for as long as it lives: so a second
/// process is refused, no shared memory file is needed, and what the simulation runs is what
/// ships. Reads and writes therefore take turns; both are bounded. Threading: one thread at a time.
class SqliteCore {
 public:
  /// Opens or creates the file. One that is there opens on a full disk too.
  /// Errors: kUnavailable (in use, or the disk refuses), kInvalid (not a Blox store, or of a newer
  /// format), kInternal.
  static Result<std::unique_ptr<SqliteCore>> open(const std::string& path,
                                                  SqliteCoreOptions options);

  const StoreInfo& info() const { return info_; }
  SqliteHealth health() const;

  /// True once a transaction ended with kUnknown. What is on the disk is known again only after
  /// reopen(); until then every call but that is refused with kUnavailable.
  bool is_broken() const { return broken_.has_value(); }
  /// Closes the file and opens it again; whether the transaction of unknown outcome is in it shows
  /// in info().revision. After an error it is broken, as before.
  /// Errors: as open, and kInternal when the file lacks what was acknowledged.
  Status reopen();

  /// Applies commits in their order in one transaction, each at its own revision; one that fails a
  /// compare leaves the others alone. Shape: one outcome each. Requires: each passes check_commit.
  /// Errors in outcomes: as Store::commit.
  std::vector<CommitOutcome> commit_group(std::vector<Commit> commits, WallTime now);

  /// As Store::range, but for what a slice is. Requires: passes check_range.
  Result<RangeSlice> range(const RangeRequest& request);

  /// A batch of the changes under `prefix` from `from` to `to`; its revision is `to`, or earlier
  /// when the batch is full. Errors: kCompacted, kInternal. Requires: `from` <= `to` <= info's.
  Result<WatchBatch> read_log(std::string_view prefix, Revision from, Revision to);

  /// As Store::compact; what is forgotten is removed by sweep().
  Status compact(Revision revision);
  /// Compacts what the bounds of history do not allow; for its age alone nothing above `aged`,
  /// which is known to be old enough by a clock that nobody sets.
  Status compact_to_bounds(WallTime now, Revision aged);
  /// Removes a slice of what is compacted: looks at up to 1,000 changes. True while there is more.
  Result<bool> sweep();

 private:
  struct Totals {  // Of all time.
    std::int64_t changes = 0;
    std::int64_t bytes = 0;
  };
  struct Mark {
    WallTime time;
    Totals totals;
  };
  struct Statements {
    SqliteStatement begin, end, read_key, add_key, put_log, put_current, set_state, add_mark;
    SqliteStatement list_keys, read_version, read_previous, read_log;
    SqliteStatement set_compacted, list_swept, delete_log, read_current, delete_current, delete_key;
    SqliteStatement set_swept, delete_marks, read_mark, find_bound;
  };
  SqliteCore(std::string path, SqliteCoreOptions options);
  Status connect();
  Status prepare();
  Status load_state();

  // Writing.
  Status check_writable();
  Status end_transaction();
  void undo();
  Status write_group(std::vector<Commit>& commits, std::vector<CommitOutcome>& outcomes,
                     WallTime now);
  Status write_commit(Commit& commit, Revision revision, CommitOutcome& outcome);
  Status write_state(WallTime now);
  Result<WatchEvent> write_change(std::string key, Bytes value, Revision revision, int position);
  Result<KeyState> find_key(std::string_view key);
  std::optional<Error> failed_compare(const Commit& commit, Status& status);
  Status copy_wal();
  Status copy_wal_if_due();
  bool mark_is_due(WallTime now) const;

  // Reading.
  Result<std::int64_t> version_at(std::int64_t newest, Revision revision, std::size_t& scanned);
  Result<std::optional<KeyValue>> read_version(std::int64_t version);
  Result<Bytes> decode(const SqliteStatement& row, int encoding_column);

  // Compaction.
  Status store_compacted(Revision revision);
  Status sweep_slice();
  Status sweep_tombstone(std::int64_t key_id, std::int64_t version);
  Result<Revision> bound_of_history(WallTime now, Revision aged);

  std::string path_;
  SqliteCoreOptions options_;
  SqliteDatabase database_;
  Statements statements_;
  ValueCodec codec_;
  KeyCache keys_;
  StoreInfo info_;
  Totals totals_;
  Mark last_mark_;
  std::int64_t swept_version_ = 0;  // Changes up to it have been looked at by sweep().
  std::int64_t failed_checkpoints_ = 0;
  std::optional<Error> broken_;  // What calls get once an outcome is unknown.
};

}  // namespace blox::store
