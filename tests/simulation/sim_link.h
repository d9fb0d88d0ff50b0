// SimLink: the network between two simulated processes: as http::LocalTransport, but the served
// process may crash and come back, and what was under way then breaks off.
#pragma once

#include <cstdint>
#include <memory>

#include "base/executor.h"
#include "base/random.h"
#include "http/transport.h"

namespace blox::simulation {

/// Threading: the loop's thread. Requires: the executor and random outlive it.
class SimLink final : public http::Transport {
 public:
  SimLink(Executor& executor, Random& random) : executor_(executor), random_(random) {}
  ~SimLink() override { disconnect(); }

  /// The process behind `handler` is up. Requires: disconnect() before the handler is destroyed.
  void connect(http::Handler& handler);
  /// The process is gone: calls and streams under way break off, new ones find nobody.
  void disconnect();
  /// Only the streams break; the process lives on.
  void break_streams();

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override;
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration idle_max) override;

  std::uint64_t broken_stream_count() const { return broken_stream_count_; }

 private:
  class Session;
  class Lines;
  struct Pipe;
  Duration draw_latency() {
    return random_.between(std::chrono::microseconds{50}, std::chrono::milliseconds{2});
  }

  Executor& executor_;
  Random& random_;
  std::shared_ptr<Session> session_;
  std::uint64_t broken_stream_count_ = 0;
};

}  // namespace blox::simulation
