#include "cluster_state/view/ordered_index.h"

namespace blox::cluster_state {
namespace {

using internal::Chunk;
using internal::kChunkEntriesMax;

// A chunk that shrinks below this is joined with a neighbour, if both then fit with room to grow.
constexpr std::size_t kChunkEntriesMin = kChunkEntriesMax / 4;
constexpr std::size_t kChunkEntriesJoined = kChunkEntriesMax * 3 / 4;

struct Key {
  GroupOf group_of;
  std::string_view group;
  std::string_view arn;

  bool is_after(const Shown& entry) const {
    const int order = group_of(entry).compare(group);
    return order < 0 || (order == 0 && entry.arn < arn);
  }
  bool is_of(const Shown& entry) const { return group_of(entry) == group && entry.arn == arn; }
};

// The first chunk that reaches up to the key or beyond.
template <class Chunks>
std::size_t find_chunk(const Chunks& chunks, const Key& key) {
  const auto found = std::ranges::partition_point(
      chunks, [&](const auto& chunk) { return key.is_after(*chunk->entries.back()); });
  return static_cast<std::size_t>(found - chunks.begin());
}

std::size_t find_entry(const Chunk& chunk, const Key& key) {
  const auto found = std::ranges::partition_point(
      chunk.entries, [&](const ShownPtr& entry) { return key.is_after(*entry); });
  return static_cast<std::size_t>(found - chunk.entries.begin());
}

std::size_t bytes_of(const Chunk& chunk, std::size_t from, std::size_t to) {
  std::size_t bytes = 0;
  for (std::size_t i = from; i < to; ++i) bytes += chunk.entries[i]->bytes.size();
  return bytes;
}

template <class Chunks>
ShownPtr find_in(const Chunks& chunks, const Key& key) {
  const std::size_t chunk = find_chunk(chunks, key);
  if (chunk == chunks.size()) return nullptr;
  const ShownPtr& entry = chunks[chunk]->entries[find_entry(*chunks[chunk], key)];
  return key.is_of(*entry) ? entry : nullptr;
}

// Of the chunk's first `count` entries. Reads those of the shorter side.
std::size_t bytes_before(const FrozenIndex::Chunks& chunks, std::size_t place, std::size_t count) {
  if (count == 0) return 0;  // There may be no such chunk.
  const Chunk& chunk = *chunks[place];
  const std::size_t size = chunk.entries.size();
  return count <= size / 2 ? bytes_of(chunk, 0, count) : chunk.bytes - bytes_of(chunk, count, size);
}

}  // namespace

std::string_view no_group(const Shown&) { return {}; }
std::string_view group_by_cluster_name(const Shown& entry) { return entry.cluster_name; }
std::string_view group_by_started_by(const Shown& entry) { return entry.started_by; }
std::string_view group_by_status(const Shown& entry) { return entry.status; }

ShownPtr FrozenIndex::find(std::string_view group, std::string_view arn) const {
  return find_in(*chunks_, Key{group_of_, group, arn});
}

Extent FrozenIndex::extent(std::string_view group) const {
  const Place from = lower_bound(group, "");
  const Place to = upper_bound(group);
  Extent extent;
  for (std::size_t chunk = from.chunk; chunk < to.chunk; ++chunk) {
    extent.count += (*chunks_)[chunk]->entries.size();
    extent.bytes += (*chunks_)[chunk]->bytes;
  }
  extent.count += to.entry - from.entry;
  extent.bytes += bytes_before(*chunks_, to.chunk, to.entry);
  extent.bytes -= bytes_before(*chunks_, from.chunk, from.entry);
  return extent;
}

FrozenIndex::Cursor FrozenIndex::walk() const {
  return {*chunks_, {}, {.chunk = chunks_->size(), .entry = 0}};
}

FrozenIndex::Cursor FrozenIndex::walk(std::string_view group) const {
  return {*chunks_, lower_bound(group, ""), upper_bound(group)};
}

void FrozenIndex::take_after(std::string_view arn, std::size_t count_max,
                             std::vector<ShownPtr>& out) const {
  Place place = lower_bound("", arn);
  while (place.chunk < chunks_->size() && out.size() < count_max) {
    const auto& entries = (*chunks_)[place.chunk]->entries;
    if (entries[place.entry]->arn != arn) out.push_back(entries[place.entry]);
    if (++place.entry == entries.size()) place = {place.chunk + 1, 0};
  }
}

FrozenIndex::Place FrozenIndex::lower_bound(std::string_view group, std::string_view arn) const {
  const Key key{group_of_, group, arn};
  const std::size_t chunk = find_chunk(*chunks_, key);
  if (chunk == chunks_->size()) return {chunk, 0};
  return {chunk, find_entry(*(*chunks_)[chunk], key)};
}

FrozenIndex::Place FrozenIndex::upper_bound(std::string_view group) const {
  const auto is_within = [&](const ShownPtr& entry) { return group_of_(*entry) <= group; };
  const auto chunk = std::ranges::partition_point(
      *chunks_, [&](const auto& candidate) { return is_within(candidate->entries.back()); });
  const auto place = static_cast<std::size_t>(chunk - chunks_->begin());
  if (chunk == chunks_->end()) return {place, 0};
  const auto entry = std::ranges::partition_point((*chunk)->entries, is_within);
  return {place, static_cast<std::size_t>(entry - (*chunk)->entries.begin())};
}

ShownPtr OrderedIndex::find(std::string_view group, std::string_view arn) const {
  return find_in(chunks_, Key{group_of_, group, arn});
}

void OrderedIndex::put(ShownPtr entry) {
  changed_ = true;
  const Key key{group_of_, group_of_(*entry), entry->arn};
  const std::size_t place = find_chunk(chunks_, key);
  if (place == chunks_.size()) {  // Behind all others, as when everything is read in order.
    if (chunks_.empty() || chunks_.back()->entries.size() == kChunkEntriesMax) {
      chunks_.push_back(make_chunk());
    }
    Chunk& last = own(chunks_.size() - 1);
    count(last, *entry);
    last.entries.push_back(std::move(entry));
    return;
  }
  Chunk& chunk = own(place);
  const std::size_t within = find_entry(chunk, key);
  if (key.is_of(*chunk.entries[within])) return exchange(chunk, within, std::move(entry));
  count(chunk, *entry);
  chunk.entries.insert(chunk.entries.begin() + static_cast<std::ptrdiff_t>(within),
                       std::move(entry));
  split_if_large(place);
}

void OrderedIndex::erase(std::string_view group, std::string_view arn) {
  const Key key{group_of_, group, arn};
  const std::size_t place = find_chunk(chunks_, key);
  if (place == chunks_.size()) return;
  const std::size_t within = find_entry(*chunks_[place], key);
  if (!key.is_of(*chunks_[place]->entries[within])) return;
  changed_ = true;
  Chunk& chunk = own(place);
  const auto erased = chunk.entries.begin() + static_cast<std::ptrdiff_t>(within);
  --extent_.count;
  extent_.bytes -= (*erased)->bytes.size();
  chunk.bytes -= (*erased)->bytes.size();
  chunk.entries.erase(erased);
  if (chunk.entries.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(place));
  } else {
    merge_if_small(place);
  }
}

FrozenIndex OrderedIndex::freeze() {
  if (changed_) {
    frozen_ = FrozenIndex{
        group_of_, std::make_shared<const FrozenIndex::Chunks>(chunks_.begin(), chunks_.end()),
        extent_};
    changed_ = false;
    ++epoch_;
  }
  return frozen_;
}

OrderedIndex::ChunkPtr OrderedIndex::make_chunk() const {
  auto chunk = std::make_shared<Chunk>();
  chunk->epoch = epoch_;
  return chunk;
}

// The chunk, or a copy in its place when it is of an epoch before.
Chunk& OrderedIndex::own(std::size_t chunk) {
  if (chunks_[chunk]->epoch != epoch_) {
    chunks_[chunk] = std::make_shared<Chunk>(*chunks_[chunk]);
    chunks_[chunk]->epoch = epoch_;
  }
  return *chunks_[chunk];
}

void OrderedIndex::count(Chunk& chunk, const Shown& added) {
  ++extent_.count;
  extent_.bytes += added.bytes.size();
  chunk.bytes += added.bytes.size();
}

void OrderedIndex::exchange(Chunk& chunk, std::size_t within, ShownPtr entry) {
  ShownPtr& place = chunk.entries[within];
  const std::size_t grown = entry->bytes.size() - place->bytes.size();  // May wrap, and back.
  extent_.bytes += grown;
  chunk.bytes += grown;
  place = std::move(entry);
}

void OrderedIndex::split_if_large(std::size_t place) {
  Chunk& chunk = *chunks_[place];
  if (chunk.entries.size() <= kChunkEntriesMax) return;
  const auto middle = chunk.entries.begin() + static_cast<std::ptrdiff_t>(kChunkEntriesMax / 2);
  auto upper = make_chunk();
  upper->entries.assign(middle, chunk.entries.end());
  upper->bytes = bytes_of(*upper, 0, upper->entries.size());
  chunk.entries.erase(middle, chunk.entries.end());
  chunk.bytes -= upper->bytes;
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(place) + 1, std::move(upper));
}

void OrderedIndex::merge_if_small(std::size_t chunk) {
  if (chunks_[chunk]->entries.size() >= kChunkEntriesMin || chunks_.size() == 1) return;
  const std::size_t lower = chunk + 1 < chunks_.size() ? chunk : chunk - 1;
  const Chunk& upper = *chunks_[lower + 1];
  if (chunks_[lower]->entries.size() + upper.entries.size() > kChunkEntriesJoined) return;
  Chunk& joined = own(lower);
  joined.entries.insert(joined.entries.end(), upper.entries.begin(), upper.entries.end());
  joined.bytes += upper.bytes;
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(lower) + 1);
}

}  // namespace blox::cluster_state
