// ListBody: the answer to a list, made piece by piece from a snapshot that does not change.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cluster_state/view/selection.h"
#include "http/message.h"

namespace blox::cluster_state {

/// `{"items":[…,…` and then `end`. Holds one piece and a place in the snapshot, however long the
/// list is: a reader may be slow. Threading: any thread, one at a time.
class ListBody final : public http::FrozenBody {
 public:
  ListBody(Selection selection, std::string end);
  std::size_t size() const override { return size_; }
  std::size_t held_bytes() const override;
  /// Objects are copied together, as a buffer for each would cost the kernel more; a large one is
  /// sent from where it is.
  http::Slices next() override;

 private:
  Selection selection_;
  std::shared_ptr<const std::string> end_;
  std::size_t size_ = 0;
  std::shared_ptr<std::string> piece_;  // What was given last; the next is made in its place.
  bool is_first_ = true;                // No item was given yet.
  bool has_ended_ = false;
};

}  // namespace blox::cluster_state
