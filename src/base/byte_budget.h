// ByteBudget: how much memory those who wait may hold together, and who gives back what when.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace blox {

/// A part of a ByteBudget; destroying it gives it back. Empty when moved from. It may outlive the
/// budget. Threading: any, one at a time.
class ByteHold {
 public:
  ByteHold() = default;
  ByteHold(ByteHold&& other) noexcept
      : held_(std::move(other.held_)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteHold& operator=(ByteHold&& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ByteHold(const ByteHold&) = delete;
  ByteHold& operator=(const ByteHold&) = delete;
  ~ByteHold() { resize(0); }

  std::size_t bytes() const { return bytes_; }
  /// Holds `bytes` from now on, even where that is beyond the bound: for what is there already.
  /// Requires: not empty, or `bytes` is 0.
  void resize(std::size_t bytes) {
    if (!held_) return;
    *held_ += bytes;
    *held_ -= std::exchange(bytes_, bytes);
  }

 private:
  friend class ByteBudget;
  ByteHold(std::shared_ptr<std::atomic<std::size_t>> held, std::size_t bytes)
      : held_(std::move(held)), bytes_(bytes) {
    *held_ += bytes_;
  }
  std::shared_ptr<std::atomic<std::size_t>> held_;
  std::size_t bytes_ = 0;
};

/// So many bytes may be held at a time. Threading: `try_hold` on one thread, `held` on any.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Holds `bytes`, of which 1 at least is counted; nothing when so much is held already that less
  /// than `left_free` would be left. With nothing held it never refuses: what is larger than the
  /// whole budget would else never be done.
  std::optional<ByteHold> try_hold(std::size_t bytes, std::size_t left_free = 0) {
    if (bytes == 0) bytes = 1;
    const std::size_t held = *held_;
    const std::size_t most = bytes_max_ - std::min(left_free, bytes_max_);
    if (held != 0 && (bytes > most || held > most - bytes)) return std::nullopt;
    return ByteHold{held_, bytes};
  }
  std::size_t held() const { return *held_; }
  std::size_t bytes_max() const { return bytes_max_; }

 private:
  std::size_t bytes_max_;
  std::shared_ptr<std::atomic<std::size_t>> held_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace blox
