#include "store/commit_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace blox::store {
namespace {

Status check_keys(const Commit& commit) {
  std::vector<std::string_view> keys;
  keys.reserve(commit.puts.size() + commit.deletes.size());
  for (const auto& put : commit.puts) keys.push_back(put.key);
  for (const auto& key : commit.deletes) keys.push_back(key);
  std::ranges::sort(keys);
  if (!keys.empty() && keys.front().empty()) {
    return fail(ErrorKind::kInvalid, "a key is empty; it needs at least one byte");
  }
  const auto twice = std::ranges::adjacent_find(keys);
  if (twice != keys.end()) {
    return fail(ErrorKind::kInvalid,
                "key " + quote(*twice) + " is written twice; once in a commit is allowed");
  }
  return done();
}

}  // namespace

std::size_t bytes_of(const Commit& commit) {
  std::size_t bytes = 0;
  for (const auto& put : commit.puts) bytes += put.key.size() + put.value.size();
  for (const auto& key : commit.deletes) bytes += key.size();
  return bytes;
}

Status check_commit(const Commit& commit) {
  const std::size_t operations = commit.puts.size() + commit.deletes.size();
  if (operations < 1 || operations > kCommitOperationsMax) {
    return fail(ErrorKind::kInvalid, fmt::format("{} puts and deletes; 1 to {} are allowed",
                                                 operations, kCommitOperationsMax));
  }
  if (commit.compares.size() > kCommitComparesMax) {
    return fail(ErrorKind::kInvalid, fmt::format("{} compares; at most {} are allowed",
                                                 commit.compares.size(), kCommitComparesMax));
  }
  const std::size_t bytes = bytes_of(commit);
  if (bytes > kCommitBytesMax) {
    return fail(ErrorKind::kInvalid, fmt::format("{} bytes of keys and values; at most {} are "
                                                 "allowed",
                                                 bytes, kCommitBytesMax));
  }
  return check_keys(commit);
}

Status check_range(const RangeRequest& request) {
  if (request.limit < 1 || request.limit > kPageKeysMax) {
    return fail(ErrorKind::kInvalid,
                fmt::format("limit {}; 1 to {} is allowed", request.limit, kPageKeysMax));
  }
  if (request.revision < 0) {
    return fail(ErrorKind::kInvalid,
                fmt::format("revision {}; 0 or more is allowed", request.revision));
  }
  return done();
}

Status check_snapshot(Revision revision, const StoreInfo& info) {
  if (revision > info.revision) {
    return fail(ErrorKind::kInvalid, fmt::format("revision {} is in the future; the newest is {}",
                                                 revision, info.revision));
  }
  if (revision != 0 && revision <= info.compact_revision) {
    return fail(ErrorKind::kCompacted, fmt::format("revision {} is compacted, as is all up to {}",
                                                   revision, info.compact_revision));
  }
  return done();
}

Status check_range_revision(Revision revision, const StoreInfo& info) {
  if (revision == info.compact_revision) return done();
  return check_snapshot(revision, info);
}

Status check_watch(Revision from_revision, const StoreInfo& info) {
  if (from_revision < 1) {
    return fail(ErrorKind::kInvalid,
                fmt::format("from revision {}; 1 or more is allowed", from_revision));
  }
  if (from_revision > info.revision) return done();
  return check_snapshot(from_revision, info);
}

std::unexpected<Error> fail_compare(const Compare& compare, Revision found) {
  return fail(ErrorKind::kConflict, fmt::format("key {} has revision {}, not {}",
                                                quote(compare.key), found, compare.mod_revision));
}

}  // namespace blox::store
