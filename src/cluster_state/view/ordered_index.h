// OrderedIndex: entries in order, cheap to change and cheap to freeze. Chunks of at most 64 under
// one vector; a frozen view shares all chunks that have not changed since.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster_state/view/shown.h"

namespace blox::cluster_state {

/// What an index groups by. Entries are ordered by (group, ARN).
using GroupOf = std::string_view (*)(const Shown&);
std::string_view no_group(const Shown& entry);
std::string_view group_by_cluster_name(const Shown& entry);
std::string_view group_by_started_by(const Shown& entry);
std::string_view group_by_status(const Shown& entry);

/// How much there is of something.
struct Extent {
  std::size_t count = 0;  ///< Entries.
  std::size_t bytes = 0;  ///< The sum of their Shown::bytes.

  bool operator==(const Extent&) const = default;
};

namespace internal {
struct Chunk {
  std::vector<ShownPtr> entries;  // 1 to kChunkEntriesMax.
  std::size_t bytes = 0;          // The sum of their Shown::bytes.
  std::uint64_t epoch = 0;  // Of the OrderedIndex when it made the chunk; it alone reads that.
};
inline constexpr std::size_t kChunkEntriesMax = 64;
}  // namespace internal

/// An index as it was at one moment. Threading: any, as nothing in it changes.
class FrozenIndex {
 public:
  using Chunks = std::vector<std::shared_ptr<const internal::Chunk>>;
  class Cursor;

  explicit FrozenIndex(GroupOf group_of) : group_of_(group_of) {}
  FrozenIndex(GroupOf group_of, std::shared_ptr<const Chunks> chunks, Extent extent)
      : group_of_(group_of), chunks_(std::move(chunks)), extent_(extent) {}

  std::size_t size() const { return extent_.count; }
  /// The entry of that group and ARN, or null.
  ShownPtr find(std::string_view group, std::string_view arn) const;
  /// Of the whole index: costs nothing.
  const Extent& extent() const { return extent_; }
  /// Of the group: costs a step for each chunk of it, and the entries of the two at its ends.
  Extent extent(std::string_view group) const;
  /// All entries, in order. Requires: the index or a copy of it outlives the cursor.
  Cursor walk() const;
  /// The group's, in order of the ARNs. Requires: as above.
  Cursor walk(std::string_view group) const;

  /// Appends entries in order, beginning with the first after `arn` (of an index without groups),
  /// until `out` has `count_max`.
  void take_after(std::string_view arn, std::size_t count_max, std::vector<ShownPtr>& out) const;

 private:
  struct Place {
    std::size_t chunk = 0;
    std::size_t entry = 0;  // Less than the chunk's size; 0 in the place past the last chunk.
  };
  Place lower_bound(std::string_view group, std::string_view arn) const;
  Place upper_bound(std::string_view group) const;

  GroupOf group_of_;
  std::shared_ptr<const Chunks> chunks_ = std::make_shared<const Chunks>();
  Extent extent_;
};

/// A place in a frozen index and where to end: four numbers, so that a walk may pause for long.
class FrozenIndex::Cursor {
 public:
  /// The next entry; null at the end.
  const Shown* next() {
    if (at_.chunk == to_.chunk && at_.entry == to_.entry) return nullptr;
    const auto& entries = (*chunks_)[at_.chunk]->entries;
    const Shown* entry = entries[at_.entry].get();
    if (++at_.entry == entries.size()) at_ = {.chunk = at_.chunk + 1, .entry = 0};
    return entry;
  }

 private:
  friend FrozenIndex;
  Cursor(const Chunks& chunks, Place from, Place to) : chunks_(&chunks), at_(from), to_(to) {}

  const Chunks* chunks_;
  Place at_;
  Place to_;
};

/// The index as it changes. Threading: one thread; what `freeze` gave may be read and dropped on
/// any other. A chunk is written to only in the epoch in which it was made, and `freeze` ends the
/// epoch: what a view shares is never written to, and no count is asked that other threads change.
/// It copies no chunk for which a use count would not say the same, as `frozen_` shares them all.
class OrderedIndex {
 public:
  explicit OrderedIndex(GroupOf group_of) : group_of_(group_of), frozen_(group_of) {}
  OrderedIndex(const OrderedIndex&) = delete;  // Two would take the same chunks for their own.
  OrderedIndex& operator=(const OrderedIndex&) = delete;

  /// Adds the entry, in the place of the one with the same group and ARN, if any.
  void put(ShownPtr entry);
  /// Removes the entry with that group and ARN, if any.
  void erase(std::string_view group, std::string_view arn);
  /// The entry with that group and ARN, or null.
  ShownPtr find(std::string_view group, std::string_view arn) const;
  std::size_t size() const { return extent_.count; }
  FrozenIndex freeze();

 private:
  using ChunkPtr = std::shared_ptr<internal::Chunk>;

  ChunkPtr make_chunk() const;
  internal::Chunk& own(std::size_t chunk);
  void count(internal::Chunk& chunk, const Shown& added);
  void exchange(internal::Chunk& chunk, std::size_t within, ShownPtr entry);
  void split_if_large(std::size_t place);
  void merge_if_small(std::size_t chunk);

  GroupOf group_of_;
  std::vector<ChunkPtr> chunks_;
  Extent extent_;
  std::uint64_t epoch_ = 0;
  FrozenIndex frozen_;  // The end of the last epoch.
  bool changed_ = false;
};

}  // namespace blox::cluster_state
