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

template <class Chunks>
ShownPtr find_in(const Chunks& chunks, const Key& key) {
  const std::size_t chunk = find_chunk(chunks, key);
  if (chunk == chunks.size()) return nullptr;
  const ShownPtr& entry = chunks[chunk]->entries[find_entry(*chunks[chunk], key)];
  return key.is_of(*entry) ? entry : nullptr;
}

}  // namespace

std::string_view no_group(const Shown&) { return {}; }
std::string_view group_by_cluster_name(const Shown& entry) { return entry.cluster_name; }
std::string_view group_by_started_by(const Shown& entry) { return entry.started_by; }
std::string_view group_by_status(const Shown& entry) { return entry.status; }

ShownPtr FrozenIndex::find(std::string_view group, std::string_view arn) const {
  return find_in(*chunks_, Key{group_of_, group, arn});
}

std::size_t FrozenIndex::count(std::string_view group) const {
  const Place from = lower_bound(group, "");
  const Place to = upper_bound(group);
  std::size_t count = to.entry;
  for (std::size_t chunk = from.chunk; chunk < to.chunk; ++chunk) {
    count += (*chunks_)[chunk]->entries.size();
  }
  return count - from.entry;
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
  std::size_t place = find_chunk(chunks_, key);
  if (place == chunks_.size()) {  // Behind all others, as when everything is read in order.
    ++size_;
    if (chunks_.empty() || chunks_.back()->entries.size() == kChunkEntriesMax) {
      chunks_.push_back(std::make_shared<Chunk>());
    }
    own(chunks_.size() - 1).entries.push_back(std::move(entry));
    return;
  }
  Chunk& chunk = own(place);
  const std::size_t within = find_entry(chunk, key);
  if (key.is_of(*chunk.entries[within])) {
    chunk.entries[within] = std::move(entry);
    return;
  }
  ++size_;
  chunk.entries.insert(chunk.entries.begin() + static_cast<std::ptrdiff_t>(within),
                       std::move(entry));
  if (chunk.entries.size() <= kChunkEntriesMax) return;
  const auto middle = chunk.entries.begin() + static_cast<std::ptrdiff_t>(kChunkEntriesMax / 2);
  auto upper = std::make_shared<Chunk>();
  upper->entries.assign(middle, chunk.entries.end());
  chunk.entries.erase(middle, chunk.entries.end());
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(place) + 1, std::move(upper));
}

void OrderedIndex::erase(std::string_view group, std::string_view arn) {
  const Key key{group_of_, group, arn};
  const std::size_t place = find_chunk(chunks_, key);
  if (place == chunks_.size()) return;
  const std::size_t within = find_entry(*chunks_[place], key);
  if (!key.is_of(*chunks_[place]->entries[within])) return;
  changed_ = true;
  --size_;
  auto& entries = own(place).entries;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(within));
  if (entries.empty()) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(place));
  } else {
    merge_if_small(place);
  }
}

FrozenIndex OrderedIndex::freeze() {
  if (changed_) {
    frozen_ = FrozenIndex{
        group_of_, std::make_shared<const FrozenIndex::Chunks>(chunks_.begin(), chunks_.end()),
        size_};
    changed_ = false;
  }
  return frozen_;
}

Chunk& OrderedIndex::own(std::size_t chunk) {
  if (chunks_[chunk].use_count() > 1) chunks_[chunk] = std::make_shared<Chunk>(*chunks_[chunk]);
  return *chunks_[chunk];
}

void OrderedIndex::merge_if_small(std::size_t chunk) {
  if (chunks_[chunk]->entries.size() >= kChunkEntriesMin || chunks_.size() == 1) return;
  const std::size_t lower = chunk + 1 < chunks_.size() ? chunk : chunk - 1;
  const auto& upper = chunks_[lower + 1]->entries;
  if (chunks_[lower]->entries.size() + upper.size() > kChunkEntriesJoined) return;
  auto& entries = own(lower).entries;
  entries.insert(entries.end(), upper.begin(), upper.end());
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(lower) + 1);
}

}  // namespace blox::cluster_state
