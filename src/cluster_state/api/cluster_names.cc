#include "cluster_state/api/cluster_names.h"

#include <algorithm>

namespace blox::cluster_state {
namespace {

constexpr std::string_view kBetween = ", ";
// For "+" and the largest count there can be.
constexpr std::size_t kMoreBytes = 1 + 20;

bool is_listable(std::string_view name) {
  return !name.empty() && name.front() != '+' &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

}  // namespace

void ClusterNames::add(std::string_view name) {
  const std::size_t bytes = shown_.size() + kBetween.size() + name.size();
  if (bytes + kBetween.size() + kMoreBytes > kBytesMax || !is_listable(name)) {
    ++more_;
    return;
  }
  if (!shown_.empty()) shown_ += kBetween;
  shown_ += name;
}

std::string ClusterNames::text() const {
  if (more_ == 0) return shown_;
  std::string text = shown_;
  if (!text.empty()) text += kBetween;
  return text + "+" + std::to_string(more_);
}

}  // namespace blox::cluster_state
