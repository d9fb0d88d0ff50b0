// Bisection: a batch that is refused as a whole is sent again by halves, until it shows which items
// are to blame.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace blox {

/// When more than so many of one batch are refused alone, and none is taken, it is not the items
/// that are to blame.
inline constexpr std::size_t kBlamedMax = 10;

/// What of a batch is still to be sent: by turns the smallest part, which finds who is to blame,
/// and the largest, which finds whether others are taken. Bounds: each item once; of n items at
/// most n parts.
template <class Item>
class Bisection {
 public:
  explicit Bisection(std::vector<Item> batch) { parts_.push_back(std::move(batch)); }

  bool empty() const { return parts_.empty(); }
  /// Takes the next part out. Requires: !empty().
  std::vector<Item> next() {
    takes_largest_ = !takes_largest_;
    if (takes_largest_) std::rotate(parts_.begin(), parts_.begin() + 1, parts_.end());
    std::vector<Item> part = std::move(parts_.back());
    parts_.pop_back();
    return part;
  }
  /// `part` was refused: its halves are to be sent. Requires: part.size() > 1.
  void split(std::vector<Item> part) {
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    parts_.emplace_back(std::make_move_iterator(middle), std::make_move_iterator(part.end()));
    part.erase(middle, part.end());
    parts_.push_back(std::move(part));
  }

 private:
  std::vector<std::vector<Item>> parts_;  // Those of later splits, which are smaller, last.
  bool takes_largest_ = false;
};

}  // namespace blox
