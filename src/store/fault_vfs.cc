#include "store/fault_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "store/fault_file.h"

namespace blox::store {
namespace {

struct Entry {
  std::shared_ptr<FaultFile> file;
  int shared = 0;               // Handles that hold a lock of any level.
  const void* owner = nullptr;  // The handle whose lock is RESERVED or more.
};

}  // namespace

struct FaultDisk::State {
  std::string name;
  sqlite3_vfs vfs{};
  std::map<std::string, std::shared_ptr<Entry>> entries;  // What open() finds now.
  std::map<std::string, std::shared_ptr<Entry>> durable;  // The folder as it was synced last.
  std::int64_t operations = 0;
  std::int64_t stop_at = INT64_MAX;
  std::int64_t syncs = 0;
  int failing_syncs = 0;
  int failing_writes = 0;
  std::set<std::string> failing_names;
  Random random{1};  // Of what a failed sync leaves.
  std::optional<std::int64_t> capacity;
  int open_files = 0;
  std::uint64_t power_cuts = 0;

  bool is_off() const { return operations >= stop_at; }
  // Counts one operation that changes the disk. False when the power is off.
  bool operate() {
    if (is_off()) return false;
    ++operations;
    return true;
  }
  std::int64_t size() const {
    std::int64_t sum = 0;
    for (const auto& [name_of, entry] : entries) {
      sum += static_cast<std::int64_t>(entry->file->bytes().size());
    }
    return sum;
  }
};

namespace {

using State = FaultDisk::State;

// What SQLite sees as an open file; SQLite owns the memory.
struct Handle {
  sqlite3_file base;
  State* disk;
  std::shared_ptr<Entry>* entry;
  std::string* name;
  std::uint64_t opened_at;  // The number of power cuts before it was opened.
  int lock;
  bool delete_on_close;
  bool syncs_folder;  // With its first sync: SQLite does so for each journal and WAL that it makes.
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

bool is_dead(const Handle& handle) {
  return handle.opened_at != handle.disk->power_cuts || handle.disk->is_off();
}

int unlock(sqlite3_file* file, int level) {
  auto& handle = handle_of(file);
  Entry& entry = **handle.entry;
  if (handle.opened_at != handle.disk->power_cuts || level >= handle.lock) return SQLITE_OK;
  if (entry.owner == file) entry.owner = nullptr;
  if (level == SQLITE_LOCK_NONE) --entry.shared;
  handle.lock = level;
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  auto& handle = handle_of(file);
  Entry& entry = **handle.entry;
  if (is_dead(handle)) return SQLITE_IOERR_LOCK;
  if (level <= handle.lock) return SQLITE_OK;
  if (entry.owner != nullptr && entry.owner != file) return SQLITE_BUSY;
  const bool others = entry.shared > (handle.lock == SQLITE_LOCK_NONE ? 0 : 1);
  if (level == SQLITE_LOCK_EXCLUSIVE && others) return SQLITE_BUSY;
  if (handle.lock == SQLITE_LOCK_NONE) ++entry.shared;
  if (level >= SQLITE_LOCK_RESERVED) entry.owner = file;
  handle.lock = level;
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* held) {
  *held = (*handle_of(file).entry)->owner != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int close_file(sqlite3_file* file) {
  auto& handle = handle_of(file);
  unlock(file, SQLITE_LOCK_NONE);
  if (handle.delete_on_close && !is_dead(handle)) handle.disk->entries.erase(*handle.name);
  --handle.disk->open_files;
  delete handle.entry;
  delete handle.name;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* target, int count, sqlite3_int64 offset) {
  auto& handle = handle_of(file);
  if (is_dead(handle)) return SQLITE_IOERR_READ;
  const std::string& bytes = (*handle.entry)->file->bytes();
  const auto wanted = static_cast<std::size_t>(count);
  const auto from = std::min(static_cast<std::size_t>(offset), bytes.size());
  const std::size_t there = std::min(wanted, bytes.size() - from);
  std::memcpy(target, bytes.data() + from, there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(target) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* source, int count, sqlite3_int64 offset) {
  auto& handle = handle_of(file);
  if (is_dead(handle) || !handle.disk->operate()) return SQLITE_IOERR_WRITE;
  if (handle.disk->failing_names.contains(*handle.name)) return SQLITE_IOERR_WRITE;
  if (handle.disk->failing_writes > 0) {
    --handle.disk->failing_writes;
    return SQLITE_IOERR_WRITE;
  }
  FaultFile& target = *(*handle.entry)->file;
  const auto grows = offset + count - static_cast<std::int64_t>(target.bytes().size());
  const auto& capacity = handle.disk->capacity;
  if (capacity && grows > 0 && handle.disk->size() + grows > *capacity) return SQLITE_FULL;
  target.write(static_cast<std::size_t>(offset),
               {static_cast<const char*>(source), static_cast<std::size_t>(count)});
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto& handle = handle_of(file);
  if (is_dead(handle) || !handle.disk->operate()) return SQLITE_IOERR_TRUNCATE;
  (*handle.entry)->file->truncate(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int /*flags*/) {
  auto& handle = handle_of(file);
  if (is_dead(handle) || !handle.disk->operate()) return SQLITE_IOERR_FSYNC;
  ++handle.disk->syncs;
  if (handle.disk->failing_syncs > 0) {
    --handle.disk->failing_syncs;
    (*handle.entry)->file->fail_sync(handle.disk->random);
    return SQLITE_IOERR_FSYNC;
  }
  (*handle.entry)->file->sync();
  if (handle.syncs_folder) handle.disk->durable = handle.disk->entries;
  handle.syncs_folder = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& handle = handle_of(file);
  if (is_dead(handle)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>((*handle.entry)->file->bytes().size());
  return SQLITE_OK;
}

int control_file(sqlite3_file* /*file*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file* /*file*/) { return 4'096; }
int characteristics(sqlite3_file* /*file*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// Version 1 has no shared memory: a WAL is possible with an exclusive lock alone, which the core
// takes anyway.
constexpr sqlite3_io_methods kMethods = {
    1,
    close_file,
    read_file,
    write_file,
    truncate_file,
    sync_file,
    file_size,
    lock,
    unlock,
    check_reserved_lock,
    control_file,
    sector_size,
    characteristics,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

State& disk_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  State& disk = disk_of(vfs);
  auto& handle = handle_of(file);
  handle.base.pMethods = nullptr;  // Until it is open: SQLite must not close it.
  if (disk.is_off()) return SQLITE_CANTOPEN;
  const std::string path = name != nullptr ? name : "temporary " + std::to_string(disk.operations);
  auto found = disk.entries.find(path);
  const bool is_new = found == disk.entries.end();
  if (is_new) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    auto entry = std::make_shared<Entry>();
    entry->file = std::make_shared<FaultFile>();
    found = disk.entries.emplace(path, std::move(entry)).first;
  }
  ++disk.open_files;
  handle.disk = &disk;
  handle.entry = new std::shared_ptr<Entry>(found->second);
  handle.name = new std::string(path);
  handle.opened_at = disk.power_cuts;
  handle.lock = SQLITE_LOCK_NONE;
  handle.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  handle.syncs_folder = is_new && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  handle.base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  State& disk = disk_of(vfs);
  if (!disk.operate()) return SQLITE_IOERR_DELETE;
  if (disk.entries.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
  if (sync_folder != 0) disk.durable = disk.entries;
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* answer) {
  const auto found = disk_of(vfs).entries.find(name);
  *answer = found != disk_of(vfs).entries.end() && !found->second->file->bytes().empty() ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs* /*vfs*/, const char* name, int count, char* target) {
  sqlite3_snprintf(count, target, "%s", name);
  return SQLITE_OK;
}

int fill_random(sqlite3_vfs* /*vfs*/, int count, char* target) {
  std::memset(target, 0, static_cast<std::size_t>(count));
  return count;
}
int sleep_no_time(sqlite3_vfs* /*vfs*/, int microseconds) { return microseconds; }
int current_time(sqlite3_vfs* /*vfs*/, double* days) {
  *days = 2'460'000.5;  // Any date will do: no table of ours holds SQLite's.
  return SQLITE_OK;
}

}  // namespace

FaultDisk::FaultDisk() : state_(std::make_shared<State>()) {
  static std::atomic<std::uint64_t> count{0};
  state_->name = "blox-fault-" + std::to_string(++count);
  auto& vfs = state_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = 1'024;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = fill_random;
  vfs.xSleep = sleep_no_time;
  vfs.xCurrentTime = current_time;
  check(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite takes another VFS");
}

FaultDisk::~FaultDisk() {
  check(state_->open_files == 0, "a FaultDisk outlives the stores on it");
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultDisk::vfs() const { return state_->name; }

void FaultDisk::crash(Random& random) {
  std::map<std::string, std::shared_ptr<Entry>> left;
  const auto keep = [&](const std::string& name, const std::shared_ptr<Entry>& entry) {
    auto copy = std::make_shared<Entry>();  // Without its locks.
    copy->file = entry->file;
    left.emplace(name, std::move(copy));
  };
  for (const auto& [name, entry] : state_->durable) {
    // A delete that no sync of the folder followed may have come through, or not.
    const auto now = state_->entries.find(name);
    const bool replaced = now == state_->entries.end() || now->second->file != entry->file;
    if (!replaced || random.percent(50)) keep(name, entry);
  }
  for (const auto& [name, entry] : state_->entries) {
    if (!left.contains(name) && random.percent(50)) keep(name, entry);
  }
  for (const auto& [name, entry] : left) entry->file->crash(random);
  state_->entries = left;
  state_->durable = std::move(left);
  ++state_->power_cuts;
  state_->stop_at = INT64_MAX;
  state_->failing_syncs = 0;
  state_->failing_writes = 0;
}

void FaultDisk::stop_after(std::int64_t operations) {
  state_->stop_at = state_->operations + operations;
}
void FaultDisk::fail_syncs(int count) { state_->failing_syncs = count; }
void FaultDisk::fail_writes(int count) { state_->failing_writes = count; }
void FaultDisk::fail_writes_to(const std::string& name, bool fail) {
  if (fail) {
    state_->failing_names.insert(name);
  } else {
    state_->failing_names.erase(name);
  }
}
void FaultDisk::remove(const std::string& name) {
  state_->entries.erase(name);
  state_->durable.erase(name);
}
bool FaultDisk::is_off() const { return state_->is_off(); }
void FaultDisk::set_capacity(std::optional<std::int64_t> bytes) { state_->capacity = bytes; }
std::int64_t FaultDisk::operation_count() const { return state_->operations; }
std::int64_t FaultDisk::size() const { return state_->size(); }
std::int64_t FaultDisk::sync_count() const { return state_->syncs; }

std::int64_t FaultDisk::file_size(const std::string& name) const {
  const auto found = state_->entries.find(name);
  if (found == state_->entries.end()) return 0;
  return static_cast<std::int64_t>(found->second->file->bytes().size());
}

}  // namespace blox::store
