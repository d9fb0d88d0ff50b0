// FaultFile: one file of a FaultDisk: what is durable, what only was written, and what a crash
// makes of the difference.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace blox::store {

/// Bytes with a durable state behind them. Threading: none.
class FaultFile {
 public:
  /// What a reader sees now.
  const std::string& bytes() const { return bytes_; }

  void write(std::size_t offset, std::string_view bytes);
  void truncate(std::size_t size);
  /// Makes everything so far durable.
  void sync();
  /// Makes what a crash would leave durable, and forgets the rest: readers still see it, but no
  /// later sync writes it. Source: Linux, which takes pages for clean whose write failed.
  void fail_sync(Random& random);
  /// Falls back to the durable bytes, with any of the changes since in any of their sectors.
  void crash(Random& random);

 private:
  struct Change {
    std::size_t offset;  // Of a truncation: the new size.
    std::string bytes;
    bool truncates;
  };
  std::size_t draw_size(Random& random) const;
  std::string draw_left(Random& random) const;

  std::string bytes_;
  std::string durable_;
  std::vector<Change> changes_;  // Since the last sync, in order.
};

}  // namespace blox::store
