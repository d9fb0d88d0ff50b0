// Opening: the lock, the settings, the format, the statements, and what is kept in memory.
#include "store/sqlite_core.h"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "base/log.h"
#include "base/random.h"
#include "store/sqlite_schema.h"

namespace blox::store {
namespace {

// About 200 bytes each.
constexpr std::size_t kCachedKeysMax = 200'000;
constexpr std::int64_t kPageBytes = 4'096;

std::string settings(const SqliteCoreOptions& options) {
  // The lock is taken for good and first, so that the WAL needs no shared memory.
  std::string script = "PRAGMA locking_mode = EXCLUSIVE;";
  script += options.durability == SqliteDurability::kFull ? "PRAGMA synchronous = FULL;"
                                                          : "PRAGMA synchronous = OFF;";
  script += "PRAGMA cache_size = -32768;";  // 32 MiB, so that a group's pages stay in memory.
  script += "PRAGMA temp_store = MEMORY;";
  script += "PRAGMA secure_delete = OFF;";  // Debian's default zeroes what compaction frees.
  script += fmt::format("PRAGMA journal_size_limit = {};",
                        std::int64_t{2} * options.checkpoint_pages * kPageBytes);
  return script;
}

Result<SqliteDatabase> open_database(const std::string& path, const SqliteCoreOptions& options,
                                     const std::string& store_id) {
  auto database = SqliteDatabase::open(path, options.vfs);
  if (!database) return database;
  if (auto set = database->execute(settings(options)); !set) {
    return std::unexpected<Error>(set.error());
  }
  // Before the first write, so that a file that is not ours stays as it is.
  if (auto ours = check_format(*database); !ours) return std::unexpected<Error>(ours.error());
  // A sync that failed may have left bytes in the system's cache that are on no disk and that no
  // later sync will write. Before anything builds on them they are written once more.
  if (auto written = database->rewrite_wal(); !written) {
    return std::unexpected<Error>(written.error());
  }
  const auto mode = database->read_text("PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected<Error>(mode.error());
  if (*mode != "wal") return fail(ErrorKind::kUnavailable, "this disk takes no write-ahead log");
  if (auto ready = bring_to_format(*database, store_id); !ready) {
    return std::unexpected<Error>(ready.error());
  }
  return database;
}

}  // namespace

SqliteCore::SqliteCore(std::string path, SqliteCoreOptions options)
    : path_(std::move(path)), options_(std::move(options)), keys_(kCachedKeysMax) {}

Result<std::unique_ptr<SqliteCore>> SqliteCore::open(const std::string& path,
                                                     SqliteCoreOptions options) {
  std::unique_ptr<SqliteCore> core{new SqliteCore(path, std::move(options))};
  if (auto connected = core->connect(); !connected) {
    return connected.error_in("open the store '" + path + "'");
  }
  return core;
}

Status SqliteCore::reopen() {
  const std::string step = "open the store '" + path_ + "' again";
  if (!broken_) broken_ = Error{ErrorKind::kUnavailable, step + ": not done yet"};
  const StoreInfo before = info_;
  statements_ = {};
  database_ = {};
  keys_.clear();
  auto connected = connect();
  const bool same = info_.store_id == before.store_id && info_.revision >= before.revision;
  if (connected && !same) connected = fail(ErrorKind::kInternal, "what was committed is not there");
  if (!connected) {
    info_ = before;
    return connected.error_in(step);
  }
  broken_.reset();
  return done();
}

Status SqliteCore::connect() {
  const std::uint64_t seed = options_.store_id_seed ? *options_.store_id_seed : seed_from_os();
  auto database = open_database(path_, options_, Random{seed}.uuid());
  if (!database) return std::unexpected<Error>(database.error());
  database_ = std::move(*database);
  if (auto prepared = prepare(); !prepared) return prepared;
  if (auto loaded = load_state(); !loaded) return loaded;
  // What an earlier connection left in the WAL. A disk without room for it, or that fails, can be
  // read all the same: writes are refused when they have to be.
  if (auto copied = copy_wal(); !copied) {
    database_.count_wal_pages();
    log::warn("store", "{}; it will be tried again", copied.error().message);
  }
  return done();
}

Status SqliteCore::prepare() {
  const std::initializer_list<std::pair<SqliteStatement*, const char*>> all = {
      {&statements_.begin, "BEGIN IMMEDIATE"},
      {&statements_.end, "COMMIT"},
      {&statements_.read_key,
       "SELECT k.id, c.version, c.create_revision FROM keys k JOIN current c ON c.key_id = k.id "
       "WHERE k.key = ?1"},
      {&statements_.add_key, "INSERT INTO keys (key) VALUES (?1)"},
      {&statements_.put_log, "INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
      {&statements_.put_current, "INSERT OR REPLACE INTO current VALUES (?1, ?2, ?3)"},
      {&statements_.set_state, "UPDATE state SET revision = ?1, changes = ?2, bytes = ?3"},
      {&statements_.add_mark, "INSERT INTO marks VALUES (?1, ?2, ?3, ?4)"},
      {&statements_.list_keys,
       "SELECT k.key, c.version, c.create_revision FROM keys k CROSS JOIN current c ON c.key_id = "
       "k.id "
       "WHERE k.key >= ?1 ORDER BY k.key"},
      {&statements_.read_version,
       "SELECT create_revision, encoding, value FROM log WHERE version = ?1"},
      {&statements_.read_previous, "SELECT previous_version FROM log WHERE version = ?1"},
      {&statements_.read_log,
       "SELECT l.version, l.create_revision, l.encoding, l.value, k.key FROM log l "
       "CROSS JOIN keys k ON k.id = l.key_id WHERE l.version >= ?1 AND l.version < ?2 "
       "ORDER BY l.version"},
      {&statements_.set_compacted, "UPDATE state SET compact_revision = ?1"},
      {&statements_.list_swept,
       "SELECT version, key_id, previous_version, encoding FROM log "
       "WHERE version > ?1 AND version < ?2 ORDER BY version LIMIT ?3"},
      {&statements_.delete_log, "DELETE FROM log WHERE version = ?1"},
      {&statements_.read_current, "SELECT version FROM current WHERE key_id = ?1"},
      {&statements_.delete_current, "DELETE FROM current WHERE key_id = ?1"},
      {&statements_.delete_key, "DELETE FROM keys WHERE id = ?1 RETURNING key"},
      {&statements_.set_swept, "UPDATE state SET swept_version = ?1"},
      {&statements_.read_mark,
       "SELECT changes, bytes FROM marks WHERE revision <= ?1 ORDER BY revision DESC LIMIT 1"},
      {&statements_.find_bound,
       "SELECT max(min(coalesce((SELECT max(revision) FROM marks WHERE time <= ?1), 0), ?5), "
       "coalesce((SELECT min(revision) FROM marks "
       "WHERE ?2 AND changes >= ?3 AND bytes >= ?4), 0))"},
      {&statements_.delete_marks,
       "DELETE FROM marks WHERE revision < (SELECT max(revision) FROM marks WHERE revision <= ?1)"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return std::unexpected<Error>(prepared.error());
    *statement = std::move(*prepared);
  }
  return done();
}

Status SqliteCore::load_state() {
  auto state = database_.prepare(
      "SELECT store_id, revision, compact_revision, swept_version, changes, bytes FROM state");
  if (!state) return std::unexpected<Error>(state.error());
  auto row = state->step();
  if (!row) return std::unexpected<Error>(row.error());
  if (!*row) return fail(ErrorKind::kInternal, "the table 'state' is empty");
  info_.store_id = state->bytes(0);
  info_.revision = state->integer(1);
  info_.compact_revision = state->integer(2);
  swept_version_ = state->integer(3);
  totals_ = {state->integer(4), state->integer(5)};
  auto mark =
      database_.prepare("SELECT time, changes, bytes FROM marks ORDER BY revision DESC LIMIT 1");
  if (!mark) return std::unexpected<Error>(mark.error());
  row = mark->step();
  if (!row) return std::unexpected<Error>(row.error());
  if (*row) {
    last_mark_ = {WallTime{std::chrono::milliseconds{mark->integer(0)}},
                  {mark->integer(1), mark->integer(2)}};
  }
  return done();
}

SqliteHealth SqliteCore::health() const { return {database_.wal_pages(), failed_checkpoints_}; }

}  // namespace blox::store
