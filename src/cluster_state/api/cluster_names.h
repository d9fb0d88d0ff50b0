// ClusterNames: which clusters an answer is not whole for, in a header. There may be thousands, and
// a head that grows with them is refused by clients and proxies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace blox::cluster_state {

/// "A, B, +2998": the names that are added, in their order, as far as they fit, and last, where not
/// all do, how many more there are. No name of a cluster begins with '+'.
class ClusterNames {
 public:
  /// Of the whole text. Two of these headers have to fit with all others into what a proxy keeps
  /// for the head of an answer. Source: nginx, proxy_buffer_size, 4 KiB.
  static constexpr std::size_t kBytesMax = 1'024;

  /// Takes a name or an ARN. One that could not stand in such a list is counted alone.
  void add(std::string_view name);
  /// Empty: there are none.
  std::string text() const;

 private:
  std::string shown_;
  std::size_t more_ = 0;
};

}  // namespace blox::cluster_state
