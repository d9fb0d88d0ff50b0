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
/// So often in a row one part is put back: where nine calls of ten are throttled, seven parts of
/// eight are sent in that time.
inline constexpr int kPutBackMax = 20;

/// What of a batch is still to be sent: by turns the smallest part, which finds who is to blame,
/// and the largest, which finds whether others are taken. Bounds: each item once, but for what is
/// put back; of n items at most n parts.
template <class Item>
class Bisection {
 public:
  explicit Bisection(std::vector<Item> batch) { parts_.push_back(std::move(batch)); }

  bool empty() const { return parts_.empty(); }
  /// Takes the next part out. Requires: !empty().
  std::vector<Item> next() {
    if (!std::exchange(is_put_back_, false)) put_back_count_ = 0;
    takes_largest_ = !takes_largest_;
    if (takes_largest_) std::rotate(parts_.begin(), parts_.begin() + 1, parts_.end());
    std::vector<Item> part = std::move(parts_.back());
    parts_.pop_back();
    return part;
  }
  /// `part` was refused: its halves are to be sent. Requires: part.size() > 1.
  void split(std::vector<Item> part) {
    is_split_ = true;
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    parts_.emplace_back(std::make_move_iterator(middle), std::make_move_iterator(part.end()));
    part.erase(middle, part.end());
    parts_.push_back(std::move(part));
  }
  /// What came of `part` says nothing of its items: it is the next one again, after a wait of the
  /// caller's. Shape: false, and it is not, when it was so kPutBackMax times in a row, or when
  /// nothing is lost with it, as nothing was split.
  bool put_back(std::vector<Item>& part) {
    if (!is_split_ || put_back_count_ == kPutBackMax) return false;
    parts_.insert(takes_largest_ ? parts_.begin() : parts_.end(), std::move(part));
    takes_largest_ = !takes_largest_;
    ++put_back_count_;
    is_put_back_ = true;
    return true;
  }

 private:
  std::vector<std::vector<Item>> parts_;  // Those of later splits, which are smaller, last.
  bool takes_largest_ = false;
  bool is_split_ = false;
  bool is_put_back_ = false;  // The next one is.
  int put_back_count_ = 0;
};

}  // namespace blox
