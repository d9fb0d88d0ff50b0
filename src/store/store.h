// The store: keys and values under one counter of revisions, as etcd has it. Knows no ECS.
// Implementations: MemoryStore, SqliteStore (etcd's comes later); one contract test binds all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/result.h"

namespace blox::store {

/// The store's one counter. Grows by at least one with each commit; 0 is before all commits.
using Revision = std::int64_t;

/// Operations in one commit, at most. Source: etcd's max-txn-ops of 128, one kept for a fence.
inline constexpr std::size_t kCommitOperationsMax = 127;
/// Bytes of keys and values in one commit, at most. Source: etcd's max-request-bytes of 1.5 MiB.
inline constexpr std::size_t kCommitBytesMax = 1'400'000;

/// Bytes that are shared between readers and never copied per reader.
using Bytes = std::shared_ptr<const std::string>;

struct KeyValue {
  std::string key;
  Bytes value;                   ///< Null in a WatchEvent that is a delete.
  Revision create_revision = 0;  ///< When the key came to be (since its last delete).
  Revision mod_revision = 0;     ///< When this value was committed.
  int position = 0;              ///< Which operation of its commit wrote it: 0 to 126.
};

struct Compare {
  std::string key;
  Revision mod_revision = 0;  ///< The one the key must have; 0: the key must be absent.
};
struct Put {
  std::string key;
  std::string value;
};

/// Compares, then puts and deletes, all or nothing, at one revision. A position is counted over
/// the puts in their order and then the deletes. Requires: 1 to kCommitOperationsMax puts and
/// deletes together, within kCommitBytesMax, no key written twice.
struct Commit {
  std::vector<Compare> compares;
  std::vector<Put> puts;
  std::vector<std::string> deletes;  ///< Deleting an absent key is allowed and shows on no watch.
};

struct RangeRequest {
  std::string prefix;
  std::size_t limit = 1'000;  ///< Keys in a page, 1 to 10,000.
  std::string after_key;      ///< Start after this key; empty: at the first.
  Revision revision = 0;      ///< The snapshot to read; 0: the newest.
};

struct Page {
  std::vector<KeyValue> items;  ///< In byte order of the keys.
  Revision revision = 0;        ///< The snapshot read. Give it back for the next page.
  bool more = false;            ///< Ask again with after_key = the last key here.
};

struct WatchEvent {
  KeyValue entry;
  bool deleted = false;
};

struct WatchBatch {
  std::vector<WatchEvent> events;  ///< In order of (mod_revision, position). May be empty.
  Revision revision = 0;           ///< Everything up to and with this revision has been shown.
};

/// One reader's ordered changes under a prefix, without gap or repetition. Destroying it ends it.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Waits until there is at least one event, or until progress is worth telling. A batch never
  /// ends in the middle of a commit.
  /// Errors: kCompacted (the next change is gone; the watch has ended), kInvalid (see
  /// Store::watch), kInternal.
  virtual Async<Result<WatchBatch>> next() = 0;
};

struct StoreInfo {
  std::string store_id;           ///< A UUID; another after import or restore.
  Revision revision = 0;          ///< Of the last commit.
  Revision compact_revision = 0;  ///< Reads below it and watches at or below it: kCompacted.
};

/// Threading: the executor's thread alone. Calls may overlap: commits that wait together share a
/// transaction and an fsync, each with its own revision, in the order of the calls.
class Store {
 public:
  virtual ~Store() = default;

  /// Reads one page of a consistent snapshot.
  /// Errors: kCompacted (revision is gone), kInvalid (revision is in the future), kUnavailable (as
  /// for commit), kInternal.
  virtual Async<Result<Page>> range(RangeRequest request) = 0;

  /// Applies the commit; when it returns a revision, that is durable.
  /// Errors: kConflict (a compare failed, named in the message; nothing was changed), kInvalid (a
  /// bound of Commit is broken), kUnavailable (the disk is full, its state is being looked up after
  /// a kUnknown, or too many calls wait; nothing was changed), kUnknown (the disk failed in the
  /// middle; once a read succeeds again, it shows what came of it), kInternal.
  virtual Async<Result<Revision>> commit(Commit commit) = 0;

  /// Shows every change under `prefix` from `from_revision` (>= 1) on, first those of the past.
  /// The first `next` fails with kCompacted if from_revision <= compact_revision, and with kInvalid
  /// if from_revision < 1.
  virtual std::unique_ptr<Watch> watch(std::string prefix, Revision from_revision) = 0;

  /// Forgets history at and below `revision`: only values in force stay readable from there.
  /// Errors: kInvalid (in the future), kUnavailable, kUnknown and kInternal (as for commit).
  virtual Async<Status> compact(Revision revision) = 0;

  virtual StoreInfo info() const = 0;
};

}  // namespace blox::store
