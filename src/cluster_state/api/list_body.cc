#include "cluster_state/api/list_body.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace blox::cluster_state {
namespace {

constexpr std::string_view kBegin = R"({"items":[)";
// Measured for objects of 1 KB: 112 KiB at a time take 0.75 of the time of gathering them from
// where they are; half as much and twice as much take longer. With the last item it is 128 KiB.
constexpr std::size_t kPieceBytes = 112 << 10;
constexpr std::size_t kCopiedBytesMax = 16 << 10;

}  // namespace

ListBody::ListBody(Selection selection, std::string end)
    : selection_(std::move(selection)),
      end_(std::make_shared<const std::string>(std::move(end))),
      piece_(std::make_shared<std::string>()) {
  // Items are without the line's end, the first one without its comma.
  const Extent& items = selection_.extent();
  size_ = kBegin.size() + items.bytes - items.count - (items.count == 0 ? 0 : 1) + end_->size();
}

std::size_t ListBody::held_bytes() const {
  return std::min(size_, kPieceBytes + kCopiedBytesMax) + end_->size();
}

http::Slices ListBody::next() {
  if (has_ended_) return {};
  std::string& piece = *piece_;
  piece.clear();
  if (is_first_) {
    piece.reserve(std::min(size_, kPieceBytes + kCopiedBytesMax));
    piece = kBegin;
  }
  std::string_view large;
  while (piece.size() < kPieceBytes && large.empty()) {
    const Shown* entry = selection_.next();
    has_ended_ = entry == nullptr;
    if (has_ended_) break;
    const std::string_view item = entry->item(std::exchange(is_first_, false));
    if (item.size() > kCopiedBytesMax) {
      large = item;
    } else {
      piece += item;
    }
  }
  http::Slices slices;
  if (!piece.empty()) slices.push_back({.owner = piece_, .bytes = piece});
  if (!large.empty()) slices.push_back({.owner = selection_.snapshot(), .bytes = large});
  if (has_ended_) slices.push_back({.owner = end_, .bytes = *end_});
  return slices;
}

}  // namespace blox::cluster_state
