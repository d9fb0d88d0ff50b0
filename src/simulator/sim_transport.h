// SimTransport: http::Transport into a simulator in the same process, over a network that has a
// latency and loses, refuses and delays. For the simulation of the whole with the real clients.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/scope.h"
#include "base/signal.h"
#include "http/transport.h"
#include "simulator/face.h"

namespace blox::simulator {

struct NetworkOptions {
  std::string endpoint = "http://aws.sim";  ///< Other URLs cannot be reached: kUnavailable.
  Span latency{std::chrono::milliseconds{1}, std::chrono::milliseconds{5}};  ///< Each way.
};

/// Belongs to the world, not to the process that calls: when a caller is destroyed (a crash),
/// what it sent arrives and is executed none the less. Threading: the executor's thread.
class SimTransport final : public http::Transport {
 public:
  /// `executor`, `random` and `face` must outlive it.
  SimTransport(Executor& executor, Random& random, Face& face, const Faults& faults,
               NetworkOptions options = {});

  Async<Result<http::Answer>> send(http::OutgoingRequest request) override;
  /// AWS has no endless answers. Errors: kInvalid.
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration idle_max) override;

  struct Counts {
    std::uint64_t calls = 0, refused = 0, request_lost = 0, answer_lost = 0, failed = 0,
                  overtime = 0;
  };
  const Counts& counts() const { return counts_; }
  /// Cuts the process off from the world, or joins it again: calls get kUnavailable.
  void set_cut_off(bool cut_off) { cut_off_ = cut_off; }

 private:
  // What the caller and the network share; the caller may go first.
  struct Call {
    explicit Call(Executor& executor) : ended(executor) {}
    void end(Result<http::Answer> with) {
      answer = std::move(with);
      ended.notify_all();
    }
    Signal ended;
    std::optional<Result<http::Answer>> answer;
  };
  Async<void> carry(http::OutgoingRequest outgoing, std::shared_ptr<Call> call);

  Executor& executor_;
  Random& random_;
  Face& face_;
  const Faults& faults_;
  NetworkOptions options_;
  Counts counts_;
  bool cut_off_ = false;
  Scope in_flight_;  // Last: what is under way uses all of the above.
};

}  // namespace blox::simulator
