#include "store/sqlite_schema.h"

#include <fmt/format.h>

namespace blox::store {
namespace {

// "Blox", which file(1) and we know the file by. Source: SQLite's application_id pragma.
constexpr std::int64_t kApplicationId = 0x426c6f78;

// Step n brings a file from format n to n + 1; an empty file has format 0.
constexpr const char* kSteps[kSqliteFormat] = {R"sql(
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  compact_revision INTEGER NOT NULL,
  swept_version INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
CREATE TABLE keys (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE
);
CREATE TABLE current (
  key_id INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  create_revision INTEGER NOT NULL
);
CREATE TABLE log (
  version INTEGER PRIMARY KEY,
  key_id INTEGER NOT NULL,
  previous_version INTEGER NOT NULL,
  create_revision INTEGER NOT NULL,
  encoding INTEGER NOT NULL,
  value BLOB
);
CREATE TABLE marks (
  revision INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  bytes INTEGER NOT NULL
);
)sql"};

Status check_whose(SqliteDatabase& database, std::int64_t format) {
  const auto application = database.read_integer("PRAGMA application_id");
  if (!application) return std::unexpected<Error>(application.error());
  const auto tables = database.read_integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected<Error>(tables.error());
  const bool empty = format == 0 && *application == 0 && *tables == 0;
  if (empty || *application == kApplicationId) return done();
  return fail(ErrorKind::kInvalid,
              fmt::format("this is a database of another program (application_id {:#x}); a Blox "
                          "store has {:#x}",
                          *application, kApplicationId));
}

std::string step_script(std::int64_t format, const std::string& store_id) {
  std::string script = "BEGIN IMMEDIATE;";
  script += kSteps[format];
  if (format == 0) {
    script += fmt::format("INSERT INTO state VALUES (1, '{}', 0, 0, 0, 0, 0);", store_id);
    script += fmt::format("PRAGMA application_id = {};", kApplicationId);
  }
  script += fmt::format("PRAGMA user_version = {}; COMMIT;", format + 1);
  return script;
}

}  // namespace

Status check_format(SqliteDatabase& database) {
  const auto format = database.read_integer("PRAGMA user_version");
  if (!format) return std::unexpected<Error>(format.error());
  if (auto ours = check_whose(database, *format); !ours) return ours;
  if (*format > kSqliteFormat) {
    return fail(ErrorKind::kInvalid,
                fmt::format("its format is {}; this Blox reads formats up to {}: use a newer Blox",
                            *format, kSqliteFormat));
  }
  return done();
}

Status bring_to_format(SqliteDatabase& database, const std::string& store_id) {
  const auto format = database.read_integer("PRAGMA user_version");
  if (!format) return std::unexpected<Error>(format.error());
  for (std::int64_t step = *format; step < kSqliteFormat; ++step) {
    if (auto taken = database.execute(step_script(step, store_id)); !taken) {
      database.roll_back();
      return taken.error_in(fmt::format("bring the file from format {} to {}", step, step + 1));
    }
  }
  return done();
}

}  // namespace blox::store
