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

// The newest change of a key up to `revision`, from its newest of all backwards; 0 when there is
// none. Bound: the changes of the key above `revision`, of which no value is read.
Result<std::int64_t> SqliteCore::version_at(std::int64_t newest, Revision revision,
                                            std::size_t& scanned) {
  std::int64_t version = newest;
  auto& read = statements_.read_previous;
  while (version != 0 && revision_of(version) > revision) {
    const SqliteResetAtEnd reset{read};
    const auto found = read.bind(1, version).step();
    if (!found) return std::unexpected<Error>(found.error());
    version = *found ? read.integer(0) : 0;
    ++scanned;
  }
  return version;
}

// Nothing when the version is a delete, or compacted, and so not in force at any snapshot above.
Result<std::optional<KeyValue>> SqliteCore::read_version(std::int64_t version) {
  auto& read = statements_.read_version;
  const SqliteResetAtEnd reset{read};
  const auto found = read.bind(1, version).step();
  if (!found) return std::unexpected<Error>(found.error());
  if (!*found) return std::nullopt;
  auto value = decode(read, 1);
  if (!value) return std::unexpected<Error>(value.error());
  if (!*value) return std::nullopt;
  KeyValue entry;
  entry.value = std::move(*value);
  entry.create_revision = read.integer(0);
  entry.mod_revision = revision_of(version);
  entry.position = position_of(version);
  return entry;
}

Result<RangeSlice> SqliteCore::range(const RangeRequest& request) {
  if (broken_) return fail(broken_->kind, "range: " + broken_->message);
  if (auto valid = check_range_revision(request.revision, info_); !valid)
    return valid.error_in("range");
  RangeSlice page;
  page.revision = request.revision == 0 ? info_.revision : request.revision;
  const std::string first = first_key(request);
  auto& keys = statements_.list_keys;
  const SqliteResetAtEnd reset{keys};
  keys.bind(1, first);
  std::size_t bytes = 0;
  for (std::size_t scanned = 0;; ++scanned) {
    const auto row = keys.step();
    if (!row) return row.error_in("range");
    if (!*row || !keys.bytes(0).starts_with(request.prefix)) return page;
    const bool full = page.items.size() == request.limit || bytes >= kPageBytesMax;
    if (scanned > kRangeScanMax) {
      page.more = true;
      return page;
    }
    page.scanned_to = keys.bytes(0);
    const bool is_newest = revision_of(keys.integer(1)) <= page.revision;
    if (is_newest && keys.integer(2) == 0) continue;  // Deleted.
    const auto version = version_at(keys.integer(1), page.revision, scanned);
    if (!version) return version.error_in("range");
    if (*version == 0) continue;
    auto value = read_version(*version);
    if (!value) return value.error_in("range");
    if (!*value) continue;
    if (full) {
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
