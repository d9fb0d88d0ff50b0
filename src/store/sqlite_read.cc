// Reading: pages of a snapshot, and the log for watches that lag behind.
#include <utility>

#include "store/commit_check.h"
#include "store/sqlite_core.h"
#include "store/sqlite_schema.h"

namespace blox::store {
namespace {

// Changes looked at for one batch: bounds the time that it takes, whatever the prefix matches.
constexpr std::size_t kScanMax = 5'000;

// The smallest key that a page may begin with.
std::string first_key(const RangeRequest& request) {
  if (request.after_key.empty() || request.after_key < request.prefix) return request.prefix;
  return request.after_key + '\0';
}

}  // namespace

Result<Bytes> SqliteCore::decode(const SqliteStatement& row, int encoding_column) {
  const auto encoding = static_cast<ValueEncoding>(row.integer(encoding_column));
  if (encoding == ValueEncoding::kDeleted) return Bytes{};
  auto value = codec_.decode(encoding, row.bytes(encoding_column + 1));
  if (!value) return std::unexpected<Error>(value.error());
  return std::make_shared<const std::string>(std::move(*value));
}

Result<SqliteCore::LogRow> SqliteCore::read_version(std::int64_t version) {
  auto& read = statements_.read_version;
  const SqliteResetAtEnd reset{read};
  const auto found = read.bind(1, version).step();
  if (!found) return std::unexpected<Error>(found.error());
  LogRow row{KeyValue{}, 0};
  if (!*found) return row;  // Compacted, and so not in force at any snapshot above.
  auto value = decode(read, 2);
  if (!value) return std::unexpected<Error>(value.error());
  row.previous_version = read.integer(0);
  row.entry.value = std::move(*value);
  row.entry.create_revision = read.integer(1);
  row.entry.mod_revision = revision_of(version);
  row.entry.position = position_of(version);
  return row;
}

// The newest change of a key up to `revision`, from its newest of all, `version`, backwards.
Result<std::optional<KeyValue>> SqliteCore::value_at(std::int64_t version, Revision revision) {
  for (;;) {
    auto row = read_version(version);
    if (!row) return std::unexpected<Error>(row.error());
    if (revision_of(version) <= revision) {
      if (!row->entry.value) return std::nullopt;
      return std::move(row->entry);
    }
    if (row->previous_version == 0) return std::nullopt;
    version = row->previous_version;
  }
}

Result<Page> SqliteCore::range(const RangeRequest& request) {
  if (broken_) return fail(broken_->kind, "range: " + broken_->message);
  if (auto valid = check_range_revision(request.revision, info_); !valid)
    return valid.error_in("range");
  Page page;
  page.revision = request.revision == 0 ? info_.revision : request.revision;
  const std::string first = first_key(request);
  auto& keys = statements_.list_keys;
  const SqliteResetAtEnd reset{keys};
  keys.bind(1, first);
  std::size_t bytes = 0;
  for (;;) {
    const auto row = keys.step();
    if (!row) return row.error_in("range");
    if (!*row || !keys.bytes(0).starts_with(request.prefix)) return page;
    auto value = value_at(keys.integer(1), page.revision);
    if (!value) return value.error_in("range");
    if (!*value) continue;
    if (page.items.size() == request.limit || bytes >= kPageBytesMax) {
      page.more = true;
      return page;
    }
    (*value)->key = keys.bytes(0);
    bytes += (*value)->key.size() + (*value)->value->size();
    page.items.push_back(std::move(**value));
  }
}

Result<WatchBatch> SqliteCore::read_log(std::string_view prefix, Revision from, Revision to) {
  if (broken_) return fail(broken_->kind, "watch: " + broken_->message);
  if (auto valid = check_snapshot(from, info_); !valid) return valid.error_in("watch");
  auto& log = statements_.read_log;
  const SqliteResetAtEnd reset{log};
  log.bind(1, version_of(from, 0)).bind(2, version_of(to + 1, 0));
  WatchBatch batch;
  batch.revision = from - 1;
  std::size_t bytes = 0;
  for (std::size_t scanned = 0;; ++scanned) {
    const auto row = log.step();
    if (!row) return row.error_in("watch");
    if (!*row) break;
    const std::int64_t version = log.integer(0);
    const bool full =
        batch.events.size() >= kBatchEventsMax || bytes >= kPageBytesMax || scanned >= kScanMax;
    if (full && revision_of(version) != batch.revision) return batch;
    batch.revision = revision_of(version);
    if (!log.bytes(4).starts_with(prefix)) continue;
    auto value = decode(log, 2);
    if (!value) return value.error_in("watch");
    const bool deleted = !*value;
    KeyValue entry{std::string{log.bytes(4)}, std::move(*value), log.integer(1),
                   revision_of(version), position_of(version)};
    bytes += entry.key.size() + (deleted ? 0 : entry.value->size());
    batch.events.push_back(WatchEvent{std::move(entry), deleted});
  }
  batch.revision = to;
  return batch;
}

}  // namespace blox::store
