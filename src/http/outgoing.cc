#include "http/outgoing.h"

#include "base/release.h"

namespace blox::http {
namespace {

// What stays allocated from one use to the next.
constexpr std::size_t kPiecesKept = 64;
constexpr std::size_t kFrontBytesKept = 1'024;

}  // namespace

void Outgoing::begin(std::string_view front) {
  pieces_.clear();
  written_pieces_ = 0;
  bytes_ = 0;
  front_ = front;
  add(std::string_view{front_});
}

void Outgoing::add(std::string_view bytes) {
  if (bytes.empty()) return;
  pieces_.push_back(bytes);
  bytes_ += bytes.size();
}

void Outgoing::add(const Slices& slices) {
  for (const auto& slice : slices) add(slice.bytes);
}

void Outgoing::advance(std::size_t bytes) {
  while (bytes > 0 && written_pieces_ < pieces_.size()) {
    auto& piece = pieces_[written_pieces_];
    if (bytes < piece.size()) return piece.remove_prefix(bytes);
    bytes -= piece.size();
    ++written_pieces_;
  }
}

void Outgoing::clear() {
  pieces_.clear();
  written_pieces_ = 0;
  bytes_ = 0;
  if (pieces_.capacity() > kPiecesKept) release(pieces_);
  if (front_.capacity() > kFrontBytesKept) release(front_);
}

}  // namespace blox::http
