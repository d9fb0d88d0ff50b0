// LocalTransport: calls a Handler of this process, without sockets. It joins the two halves of
// `blox server`, and stands for the network in the simulation.
#pragma once

#include <memory>

#include "base/executor.h"
#include "http/transport.h"

namespace blox::http {

/// Gives requests to `handler`, whatever host their URL names ("local:/v1/tasks" will do).
/// Deadlines, the bound of the answer and the idle bound hold as on a network; the error kinds are
/// kUnknown and, for lines, kUnavailable, as the handler had begun.
/// Threading: the executor's thread. Requires: `executor` and `handler` outlive it and its calls.
class LocalTransport final : public Transport {
 public:
  LocalTransport(Executor& executor, Handler& handler);
  ~LocalTransport() override;

  Async<Result<Answer>> send(OutgoingRequest request) override;
  Async<Result<std::unique_ptr<LineStream>>> open_lines(OutgoingRequest request,
                                                        Duration idle_max) override;

  /// Every open stream ends with kUnavailable, as when the peer's process dies.
  void break_streams();

 private:
  struct Streams;
  Executor& executor_;
  Handler& handler_;
  std::unique_ptr<Streams> streams_;
};

}  // namespace blox::http
