// SQLite's C interface as values that free themselves and errors that say what failed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace blox::store {

/// One prepared statement. Parameters count from 1, columns from 0. Bytes that are bound must stay
/// until the next reset(); bytes of a column, until the next step. Requires: its Database outlives
/// it.
class SqliteStatement {
 public:
  SqliteStatement() = default;

  SqliteStatement& bind(int parameter, std::int64_t number);
  SqliteStatement& bind(int parameter, std::string_view bytes);
  SqliteStatement& bind_null(int parameter);

  /// True when it stands on a row. Errors: see SqliteDatabase::error.
  Result<bool> step();
  /// Runs a statement that yields no row, and resets it.
  Status run();
  /// Ready for the next use; ends the read that it held.
  void reset();

  std::int64_t integer(int column) const;
  std::string_view bytes(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement at the end of a block.
class SqliteResetAtEnd {
 public:
  explicit SqliteResetAtEnd(SqliteStatement& statement) : statement_(statement) {}
  SqliteResetAtEnd(const SqliteResetAtEnd&) = delete;
  SqliteResetAtEnd& operator=(const SqliteResetAtEnd&) = delete;
  ~SqliteResetAtEnd() { statement_.reset(); }

 private:
  SqliteStatement& statement_;
};

/// One connection. Threading: one thread at a time.
/// Errors of all calls: kUnavailable (disk full, file in use or not accessible), kInvalid (not a
/// database), kInternal (all else: a broken file, a failing disk).
class SqliteDatabase {
 public:
  /// Opens the file, or creates it for its owner alone, by the VFS of that name (empty: the
  /// system's).
  static Result<SqliteDatabase> open(const std::string& path, const std::string& vfs);

  Result<SqliteStatement> prepare(std::string_view sql);
  /// Runs statements that yield nothing of interest.
  Status execute(const std::string& sql);
  /// The first column of the first row.
  Result<std::int64_t> read_integer(std::string_view sql);
  Result<std::string> read_text(std::string_view sql);

  /// Undoes the open transaction, if there is one.
  void roll_back();
  std::int64_t last_insert_id() const;
  /// Copies as much of the WAL into the file as nothing forbids, and syncs both.
  Status checkpoint();
  /// Takes the length of the WAL's file for wal_pages(): for when nothing was committed yet and a
  /// checkpoint has failed. Pages of an older round count, so it may be too many, never too few.
  /// Requires: something was read.
  void count_wal_pages();
  /// Writes the bytes of the WAL over themselves and syncs them: see fsync(2) on what is left in
  /// memory after a sync has failed. Bound: the length of the WAL. Requires: something was read.
  Status rewrite_wal();
  /// Pages in the WAL after the last commit, or as count_wal_pages has them. The address of the
  /// count stays.
  const int& wal_pages() const { return *wal_pages_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<int> wal_pages_ = std::make_unique<int>(0);
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace blox::store
