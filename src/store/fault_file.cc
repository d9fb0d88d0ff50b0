#include "store/fault_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace blox::store {
namespace {

// What a disk writes whole or in part, but never beside itself. Source: SQLite's powersafe
// overwrite, which its own VFS promises of every disk.
constexpr std::size_t kSectorBytes = 512;

void put(std::string& target, std::size_t offset, std::string_view bytes) {
  if (target.size() < offset + bytes.size()) target.resize(offset + bytes.size(), '\0');
  std::memcpy(target.data() + offset, bytes.data(), bytes.size());
}

}  // namespace

void FaultFile::write(std::size_t offset, std::string_view bytes) {
  put(bytes_, offset, bytes);
  changes_.push_back(Change{offset, std::string{bytes}, false});
}

void FaultFile::truncate(std::size_t size) {
  bytes_.resize(size, '\0');
  changes_.push_back(Change{size, {}, true});
}

void FaultFile::sync() {
  for (auto& change : std::exchange(changes_, {})) {
    if (change.truncates) {
      durable_.resize(change.offset, '\0');
    } else {
      put(durable_, change.offset, change.bytes);
    }
  }
}

// The size is kept in order by file systems, apart from the bytes: that after any of the changes.
std::size_t FaultFile::draw_size(Random& random) const {
  std::size_t size = durable_.size();
  for (std::size_t left = random.below(changes_.size() + 1); const auto& change : changes_) {
    if (left-- == 0) break;
    size = change.truncates ? change.offset : std::max(size, change.offset + change.bytes.size());
  }
  return size;
}

void FaultFile::fail_sync(Random& random) {
  durable_ = draw_left(random);
  changes_.clear();
}

void FaultFile::crash(Random& random) {
  bytes_ = durable_ = draw_left(random);
  changes_.clear();
}

std::string FaultFile::draw_left(Random& random) const {
  std::map<std::size_t, std::vector<std::pair<std::size_t, std::string_view>>> sectors;
  for (const auto& change : changes_) {
    for (std::size_t done = 0; done < change.bytes.size();) {
      const std::size_t at = change.offset + done;
      const std::size_t count =
          std::min(change.bytes.size() - done, kSectorBytes - at % kSectorBytes);
      sectors[at / kSectorBytes].emplace_back(at,
                                              std::string_view{change.bytes}.substr(done, count));
      done += count;
    }
  }
  std::string left = durable_;
  const std::size_t size = draw_size(random);
  for (const auto& [sector, writes] : sectors) {
    // Each sector stops at a write of its own; the last one reaches it in part, now and then.
    const std::size_t kept = random.below(writes.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) {
      const auto& [at, bytes] = writes[i];
      const bool torn = i + 1 == kept && random.percent(10);
      put(left, at, bytes.substr(0, torn ? random.below(bytes.size()) : bytes.size()));
    }
  }
  left.resize(size, '\0');
  return left;
}

}  // namespace blox::store
