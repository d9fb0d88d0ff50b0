// Heard: what services say beside the objects that are printed: what a list leaves out, and that
// they are there but cannot answer now. A seam of all calls, so that no command can forget it.
#pragma once

#include <memory>
#include <string>

#include "client/http_cluster_state.h"

namespace blox::cli {

/// What the last answers said.
struct Heard {
  /// Of the last list: which clusters are not in it, and of which of those that it is about it
  /// lacks objects, as the headers Blox-Unread-Clusters and Blox-Incomplete-Clusters have it.
  /// Empty: all is there.
  std::string unread;
  std::string incomplete;
  /// Of the last call, if it was answered with 429 or 503: the service is there. Else empty.
  std::string busy;
  std::string retry_after;  ///< Seconds, as it said with that; may be empty.
};

/// Passes all on, and notes what is heard. Requires: both outlive it.
class HearingTransport final : public http::Transport {
 public:
  HearingTransport(http::Transport& inner, Heard& heard) : inner_(inner), heard_(heard) {}
  Async<Result<http::Answer>> send(http::OutgoingRequest request) override;
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration idle_max) override;

 private:
  http::Transport& inner_;
  Heard& heard_;
};

}  // namespace blox::cli
