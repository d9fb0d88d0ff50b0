// KeyCache: where each recently used key stands in the file, so that a commit rarely has to ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace blox::store {

struct KeyState {
  std::int64_t id = 0;               ///< 0: the key is not in the file.
  std::int64_t version = 0;          ///< Of its newest change: revision x 128 + position.
  std::int64_t create_revision = 0;  ///< 0: the newest change was a delete.
};

/// Two generations: when the young one is full it becomes the old one, and what was old is
/// forgotten. So it holds at most `keys_max` keys, and those used of late. Threading: none.
class KeyCache {
 public:
  explicit KeyCache(std::size_t keys_max) : generation_max_(keys_max / 2) {}

  /// Null when it does not know. The pointer is good until the next call.
  const KeyState* find(std::string_view key) {
    if (const auto young = young_.find(key); young != young_.end()) return &young->second;
    const auto old = old_.find(key);
    if (old == old_.end()) return nullptr;
    const KeyState state = old->second;
    return &put(key, state);
  }
  const KeyState& put(std::string_view key, KeyState state) {
    if (young_.size() >= generation_max_) old_ = std::exchange(young_, {});
    return young_.insert_or_assign(std::string{key}, state).first->second;
  }
  void erase(std::string_view key) {
    for (auto* generation : {&young_, &old_}) {
      if (const auto found = generation->find(key); found != generation->end()) {
        generation->erase(found);
      }
    }
  }
  void clear() {
    young_.clear();
    old_.clear();
  }
  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>{}(key);
    }
  };
  using Generation = std::unordered_map<std::string, KeyState, Hash, std::equal_to<>>;
  std::size_t generation_max_;
  Generation young_;
  Generation old_;
};

}  // namespace blox::store
