// OrderedIndex: entries in order, cheap to change and cheap to freeze. Chunks of at most 64 under
// one vector; a frozen view shares all chunks that have not changed since.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "cluster_state/view/shown.h"

namespace blox::cluster_state {

/// What an index groups by. Entries are ordered by (group, ARN).
using GroupOf = std::string_view (*)(const Shown&);
std::string_view no_group(const Shown& entry);
std::string_view group_by_cluster_name(const Shown& entry);
std::string_view group_by_started_by(const Shown& entry);
std::string_view group_by_status(const Shown& entry);

namespace internal {
struct Chunk {
  std::vector<ShownPtr> entries;  // 1 to kChunkEntriesMax.
};
inline constexpr std::size_t kChunkEntriesMax = 64;
}  // namespace internal

/// An index as it was at one moment.
class FrozenIndex {
 public:
  using Chunks = std::vector<std::shared_ptr<const internal::Chunk>>;

  explicit FrozenIndex(GroupOf group_of) : group_of_(group_of) {}
  FrozenIndex(GroupOf group_of, std::shared_ptr<const Chunks> chunks, std::size_t size)
      : group_of_(group_of), chunks_(std::move(chunks)), size_(size) {}

  std::size_t size() const { return size_; }
  /// The entry of that group and ARN, or null.
  ShownPtr find(std::string_view group, std::string_view arn) const;
  /// How many entries the group has.
  std::size_t count(std::string_view group) const;

  /// Calls `use` with each entry, in order.
  template <class Use>
  void for_each(Use use) const {
    visit({0, 0}, {chunks_->size(), 0}, use);
  }
  /// Calls `use` with each entry of the group, in order of the ARNs.
  template <class Use>
  void for_each_in(std::string_view group, Use use) const {
    visit(lower_bound(group, ""), upper_bound(group), use);
  }

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

  template <class Use>
  void visit(Place from, Place to, Use& use) const {
    for (std::size_t chunk = from.chunk; chunk < chunks_->size() && chunk <= to.chunk; ++chunk) {
      const auto& entries = (*chunks_)[chunk]->entries;
      const std::size_t first = chunk == from.chunk ? from.entry : 0;
      const std::size_t last = chunk == to.chunk ? to.entry : entries.size();
      for (std::size_t i = first; i < last; ++i) use(entries[i]);
    }
  }

  GroupOf group_of_;
  std::shared_ptr<const Chunks> chunks_ = std::make_shared<const Chunks>();
  std::size_t size_ = 0;
};

/// The index as it changes. Threading: one thread, which also drops what `freeze` gave, as a
/// chunk's use count tells whether it is shared.
class OrderedIndex {
 public:
  explicit OrderedIndex(GroupOf group_of) : group_of_(group_of), frozen_(group_of) {}

  /// Adds the entry, in the place of the one with the same group and ARN, if any.
  void put(ShownPtr entry);
  /// Removes the entry with that group and ARN, if any.
  void erase(std::string_view group, std::string_view arn);
  /// The entry with that group and ARN, or null.
  ShownPtr find(std::string_view group, std::string_view arn) const;
  std::size_t size() const { return size_; }
  FrozenIndex freeze();

 private:
  using ChunkPtr = std::shared_ptr<internal::Chunk>;

  internal::Chunk& own(std::size_t chunk);
  void merge_if_small(std::size_t chunk);

  GroupOf group_of_;
  std::vector<ChunkPtr> chunks_;
  std::size_t size_ = 0;
  FrozenIndex frozen_;
  bool changed_ = false;
};

}  // namespace blox::cluster_state
