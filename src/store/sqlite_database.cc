#include "store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace blox::store {
namespace {

// A piece of the WAL that is read and written at once: SQLite's VFS takes less than 128 KiB.
constexpr int kRewriteBytes = 1 << 16;
// A page in the WAL with its header. Source: SQLite's "Write-Ahead Log", file format.
constexpr sqlite3_int64 kWalPageBytes = 4'096 + 24;

ErrorKind kind_of(int code) {
  switch (code & 0xff) {  // The low byte is the code; above it stands the detail.
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: return ErrorKind::kUnavailable;
    case SQLITE_NOTADB: return ErrorKind::kInvalid;
    default: return ErrorKind::kInternal;
  }
}

// SQLite would make a file that everybody may read; its WAL takes the rights of the file. Whatever
// fails here, SQLite's own opening meets and names.
void create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) ::close(file);
}

std::unexpected<Error> fail_sqlite(sqlite3* database, int code, std::string_view what) {
  std::string message;
  if ((code & 0xff) == SQLITE_BUSY) {
    message = "another process uses it";
  } else {
    message = what;
    message += ": ";
    message += database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  }
  message += " (SQLite " + std::to_string(code) + ")";
  return fail(kind_of(code), std::move(message));
}

// The open file of the WAL, null when there is none yet.
Result<sqlite3_file*> find_wal(sqlite3* database) {
  sqlite3_file* wal = nullptr;
  const int asked = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                         static_cast<void*>(&wal));
  if (asked != SQLITE_OK) return fail_sqlite(database, asked, "find the WAL");
  return wal == nullptr || wal->pMethods == nullptr ? nullptr : wal;
}

int note_wal_pages(void* count, sqlite3* /*database*/, const char* /*name*/, int pages) {
  *static_cast<int*>(count) = pages;
  return SQLITE_OK;
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t number) {
  check(sqlite3_bind_int64(statement_.get(), parameter, number) == SQLITE_OK, "bind an integer");
  return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view bytes) {
  const char* data = bytes.empty() ? "" : bytes.data();  // A null pointer would bind NULL.
  check(sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_STATIC) ==
            SQLITE_OK,
        "bind bytes");
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
  check(sqlite3_bind_null(statement_.get(), parameter) == SQLITE_OK, "bind NULL");
  return *this;
}

Result<bool> SqliteStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail_sqlite(sqlite3_db_handle(statement_.get()), code, sqlite3_sql(statement_.get()));
}

Status SqliteStatement::run() {
  const auto row = step();
  reset();
  if (!row) return std::unexpected<Error>(row.error());
  return done();
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());  // Repeats the error of the last step, which step() has told.
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, const std::string& vfs) {
  if (vfs.empty()) create_private(path);
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, flags, vfs.empty() ? nullptr : vfs.c_str());
  SqliteDatabase database;
  database.database_.reset(opened);  // There is one to close even after an error.
  if (code != SQLITE_OK) return fail_sqlite(opened, code, "open");
  sqlite3_extended_result_codes(opened, 1);
  // Closing must not write: an end in good order is no other than a crash.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Takes the place of automatic checkpoints.
  sqlite3_wal_hook(opened, note_wal_pages, database.wal_pages_.get());
  return database;
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view sql) {
  SqliteStatement statement;
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(database_.get(), code, sql);
  statement.statement_.reset(prepared);
  return statement;
}

Status SqliteDatabase::execute(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(database_.get(), code, sql);
  return done();
}

Result<std::int64_t> SqliteDatabase::read_integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected<Error>(row.error());
  if (!*row) return fail(ErrorKind::kInternal, std::string{sql} + ": no row");
  return statement->integer(0);
}

Result<std::string> SqliteDatabase::read_text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return std::unexpected<Error>(statement.error());
  const auto row = statement->step();
  if (!row) return std::unexpected<Error>(row.error());
  if (!*row) return fail(ErrorKind::kInternal, std::string{sql} + ": no row");
  return std::string{statement->bytes(0)};
}

void SqliteDatabase::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) != 0) return;
  sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::int64_t SqliteDatabase::last_insert_id() const {
  return sqlite3_last_insert_rowid(database_.get());
}

Status SqliteDatabase::rewrite_wal() {
  const auto found = find_wal(database_.get());
  if (!found) return std::unexpected<Error>(found.error());
  sqlite3_file* const wal = *found;
  if (wal == nullptr) return done();
  sqlite3_int64 size = 0;
  int code = wal->pMethods->xFileSize(wal, &size);
  std::string piece;
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kRewriteBytes) {
    const int count = static_cast<int>(std::min<sqlite3_int64>(kRewriteBytes, size - at));
    piece.resize(static_cast<std::size_t>(count));
    code = wal->pMethods->xRead(wal, piece.data(), count, at);
    if (code == SQLITE_OK) code = wal->pMethods->xWrite(wal, piece.data(), count, at);
  }
  if (code == SQLITE_OK && size > 0) code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) return fail_sqlite(nullptr, code, "write the WAL once more");
  return done();
}

void SqliteDatabase::count_wal_pages() {
  const auto wal = find_wal(database_.get());
  sqlite3_int64 size = 0;
  if (!wal || *wal == nullptr || (*wal)->pMethods->xFileSize(*wal, &size) != SQLITE_OK) return;
  *wal_pages_ = static_cast<int>(size / kWalPageBytes);
}

Status SqliteDatabase::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  if (code != SQLITE_OK) return fail_sqlite(database_.get(), code, "checkpoint");
  *wal_pages_ = 0;  // With no other reader all is copied, and the next commit starts the WAL anew.
  return done();
}

}  // namespace blox::store
