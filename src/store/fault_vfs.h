// FaultDisk: a disk in memory under SQLite, for simulation. It keeps what was written apart from
// what was synced, and a crash loses, tears and reorders the difference.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"

namespace blox::store {

/// Files by name, reached by SQLite through a VFS of its own. Outlives the stores on it.
/// Give `vfs()` to SqliteCoreOptions::vfs. Threading: none.
class FaultDisk {
 public:
  FaultDisk();
  FaultDisk(const FaultDisk&) = delete;
  FaultDisk& operator=(const FaultDisk&) = delete;
  /// Requires: no store is open on it.
  ~FaultDisk();

  /// The name under which SQLite finds it; no two are equal in one process.
  const std::string& vfs() const;

  /// Cuts the power. Each 512 bytes written since the last sync of their file hold, each by a draw
  /// of its own, what they held before, or what one of the writes since left, perhaps in part. Open
  /// files fail from then on; files opened later see what is left.
  void crash(Random& random);

  /// After `operations` more writes, syncs, truncations and deletes the disk does nothing and fails
  /// everything, until crash(). So a crash can come in the middle of a transaction.
  void stop_after(std::int64_t operations);
  /// Makes the next `count` syncs fail; what they should have written may be lost for good.
  void fail_syncs(int count);
  /// The same for the next `count` writes, which then write nothing.
  void fail_writes(int count);
  /// Whether all writes to the file of that name fail.
  void fail_writes_to(const std::string& name, bool fail);
  /// Takes a file away, under the feet of those that have it open.
  void remove(const std::string& name);
  /// True from stop_after's last operation to the crash.
  bool is_off() const;
  /// Bytes in all files together, at most; a write beyond that finds the disk full. Nothing: no
  /// limit.
  void set_capacity(std::optional<std::int64_t> bytes);

  /// Writes, syncs, truncations and deletes so far.
  std::int64_t operation_count() const;
  std::int64_t sync_count() const;
  /// Of all files.
  std::int64_t size() const;
  /// 0 when there is no such file.
  std::int64_t file_size(const std::string& name) const;

  struct State;  ///< Of fault_vfs.cc alone.

 private:
  std::shared_ptr<State> state_;
};

}  // namespace blox::store
