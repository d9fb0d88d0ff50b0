// Outgoing: the bytes that a connection is writing, as pieces that lie where they are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace blox::http {

/// A front of our own (a head, the start of a chunk), pieces of others, and an end.
class Outgoing {
 public:
  /// Begins anew; `front` is copied, and keeps its memory from one use to the next.
  void begin(std::string_view front);
  /// `bytes` stay valid until they are written.
  void add(std::string_view bytes);
  void add(const Slices& slices);

  /// What is to be written next, without empty pieces; empty: all is.
  std::span<const std::string_view> rest() const {
    return std::span{pieces_}.subspan(written_pieces_);
  }
  std::size_t bytes() const { return bytes_; }  ///< Of all, as it was added.
  /// `bytes` of `rest` are written.
  void advance(std::size_t bytes);
  /// Forgets all, and gives back the memory of a large one.
  void clear();

 private:
  std::string front_;
  std::vector<std::string_view> pieces_;  // The first that is not written lacks what was.
  std::size_t written_pieces_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace blox::http
