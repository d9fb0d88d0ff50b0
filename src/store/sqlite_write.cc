// Writing: groups of commits, each at its own revision, in one transaction with one fsync.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/commit_check.h"
#include "store/sqlite_core.h"
#include "store/sqlite_schema.h"

namespace blox::store {
namespace {

// History is measured where there is a mark: at least so often in its bounds, and once a second.
constexpr std::int64_t kMarksInBounds = 1'000;
constexpr std::chrono::seconds kMarkInterval{1};

std::vector<CommitOutcome> all_failed(std::size_t count, const Error& error) {
  const CommitOutcome failed{fail(error.kind, error.message), {}};
  return std::vector<CommitOutcome>(count, failed);
}

}  // namespace

std::vector<CommitOutcome> SqliteCore::commit_group(std::vector<Commit> commits, WallTime now) {
  const std::size_t count = commits.size();
  if (auto writable = check_writable(); !writable) {
    return all_failed(count, writable.error_in("commit").error());
  }
  const Revision revision = info_.revision;
  const Totals totals = totals_;
  const Mark last_mark = last_mark_;
  std::vector<CommitOutcome> outcomes;
  outcomes.reserve(count);
  auto written = write_group(commits, outcomes, now);
  if (!written) {
    undo();
    info_.revision = revision;
    totals_ = totals;
    last_mark_ = last_mark;
    Error error = written.error_in("commit").error();
    // What SQLite takes for no database any more is a broken file: no commit is to blame.
    if (error.kind == ErrorKind::kInvalid) error.kind = ErrorKind::kInternal;
    return all_failed(count, error);
  }
  if (auto copied = copy_wal_if_due(); !copied) {
    log::warn("store", "{}; it will be tried again", copied.error().message);
  }
  return outcomes;
}

Status SqliteCore::write_group(std::vector<Commit>& commits, std::vector<CommitOutcome>& outcomes,
                               WallTime now) {
  if (auto begun = statements_.begin.run(); !begun) return begun;
  const Revision before = info_.revision;
  for (auto& commit : commits) {
    CommitOutcome outcome{info_.revision + 1, {}};
    if (auto written = write_commit(commit, info_.revision + 1, outcome); !written) return written;
    if (outcome.result) info_.revision = *outcome.result;
    outcomes.push_back(std::move(outcome));
  }
  if (info_.revision == before) {  // Nothing but failed compares.
    database_.roll_back();
    return done();
  }
  if (auto written = write_state(now); !written) return written;
  return end_transaction();
}

// Before anything is written.
Status SqliteCore::check_writable() {
  if (broken_) return std::unexpected<Error>(*broken_);
  if (database_.wal_pages() <= options_.wal_pages_max) return done();
  if (auto copied = copy_wal(); !copied) {
    return fail(ErrorKind::kUnavailable, "the WAL is full: " + copied.error().message);
  }
  return done();
}

// The one way to COMMIT.
Status SqliteCore::end_transaction() {
  auto ended = statements_.end.run();
  if (ended || ended.error().kind == ErrorKind::kUnavailable) return ended;
  // The last of the pages may or may not be on the disk.
  Error unknown{ErrorKind::kUnknown, "the disk failed at the commit: " + ended.error().message};
  broken_ = Error{ErrorKind::kUnavailable,
                  "refused until the file is opened again, since " + unknown.message};
  return std::unexpected<Error>(std::move(unknown));
}

// The transaction that failed, and what may have been remembered of it.
void SqliteCore::undo() {
  database_.roll_back();
  keys_.clear();
}

std::optional<Error> SqliteCore::failed_compare(const Commit& commit, Status& status) {
  for (const auto& compare : commit.compares) {
    const auto key = find_key(compare.key);
    if (!key) {
      status = std::unexpected<Error>(key.error());
      return std::nullopt;
    }
    const Revision found = key->create_revision == 0 ? 0 : revision_of(key->version);
    if (found != compare.mod_revision) return fail_compare(compare, found).error();
  }
  return std::nullopt;
}

Status SqliteCore::write_commit(Commit& commit, Revision revision, CommitOutcome& outcome) {
  Status status = done();
  if (auto failed = failed_compare(commit, status)) {
    outcome.result = fail(failed->kind, "commit: " + failed->message);
    return done();
  }
  if (!status) return status;
  int position = 0;
  outcome.events.reserve(commit.puts.size() + commit.deletes.size());
  for (auto& put : commit.puts) {
    auto value = std::make_shared<const std::string>(std::move(put.value));
    auto event = write_change(std::move(put.key), std::move(value), revision, position++);
    if (!event) return std::unexpected<Error>(event.error());
    outcome.events.push_back(std::move(*event));
  }
  for (auto& key : commit.deletes) {
    const auto found = find_key(key);
    if (!found) return std::unexpected<Error>(found.error());
    const int mine = position++;
    if (found->create_revision == 0) continue;  // Absent.
    auto event = write_change(std::move(key), nullptr, revision, mine);
    if (!event) return std::unexpected<Error>(event.error());
    outcome.events.push_back(std::move(*event));
  }
  return done();
}

Result<WatchEvent> SqliteCore::write_change(std::string key, Bytes value, Revision revision,
                                            int position) {
  auto state = find_key(key);
  if (!state) return std::unexpected<Error>(state.error());
  if (state->id == 0) {
    if (auto added = statements_.add_key.bind(1, key).run(); !added) {
      return std::unexpected<Error>(added.error());
    }
    state->id = database_.last_insert_id();
  }
  const std::int64_t version = version_of(revision, position);
  const bool exists = state->create_revision != 0;
  const Revision created = exists ? state->create_revision : revision;
  const EncodedValue encoded =
      value ? codec_.encode(*value) : EncodedValue{ValueEncoding::kDeleted, {}};
  auto& put = statements_.put_log.bind(1, version).bind(2, state->id).bind(3, state->version);
  put.bind(4, created).bind(5, static_cast<std::int64_t>(encoded.encoding));
  if (value) {
    put.bind(6, encoded.bytes);
  } else {
    put.bind_null(6);
  }
  if (auto logged = put.run(); !logged) return std::unexpected<Error>(logged.error());
  const KeyState after{state->id, version, value ? created : 0};
  auto& current = statements_.put_current.bind(1, after.id).bind(2, version);
  if (auto set = current.bind(3, after.create_revision).run(); !set) {
    return std::unexpected<Error>(set.error());
  }
  keys_.put(key, after);
  ++totals_.changes;
  totals_.bytes += static_cast<std::int64_t>(key.size() + encoded.bytes.size());
  const bool deleted = !value;
  return WatchEvent{KeyValue{std::move(key), std::move(value), created, revision, position},
                    deleted};
}

Result<KeyState> SqliteCore::find_key(std::string_view key) {
  if (const KeyState* cached = keys_.find(key)) return *cached;
  auto& read = statements_.read_key;
  const SqliteResetAtEnd reset{read};
  const auto row = read.bind(1, key).step();
  if (!row) return std::unexpected<Error>(row.error());
  if (!*row) return KeyState{};
  return keys_.put(key, KeyState{read.integer(0), read.integer(1), read.integer(2)});
}

bool SqliteCore::mark_is_due(WallTime now) const {
  const auto& bounds = options_.history;
  return now >= last_mark_.time + kMarkInterval || now < last_mark_.time ||
         totals_.changes - last_mark_.totals.changes > bounds.changes_max / kMarksInBounds ||
         totals_.bytes - last_mark_.totals.bytes > bounds.bytes_max / kMarksInBounds;
}

Status SqliteCore::write_state(WallTime now) {
  auto& state = statements_.set_state.bind(1, info_.revision).bind(2, totals_.changes);
  if (auto set = state.bind(3, totals_.bytes).run(); !set) return set;
  if (!mark_is_due(now)) return done();
  last_mark_ = {now, totals_};
  auto& mark = statements_.add_mark.bind(1, info_.revision).bind(2, now.time_since_epoch().count());
  return mark.bind(3, totals_.changes).bind(4, totals_.bytes).run();
}

Status SqliteCore::copy_wal_if_due() {
  if (database_.wal_pages() < options_.checkpoint_pages) return done();
  return copy_wal();
}

Status SqliteCore::copy_wal() {
  auto copied = database_.checkpoint();
  if (!copied) ++failed_checkpoints_;
  return copied;
}

}  // namespace blox::store
