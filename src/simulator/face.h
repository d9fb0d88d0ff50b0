// Face: the simulator as HTTP: ECS in AWS JSON 1.1, SQS in AWS JSON 1.0, and under /simulator/ a
// control API for what AWS has no call for. Signatures are not checked.
#pragma once

#include <cstdint>
#include <string>

#include "base/async.h"
#include "http/message.h"
#include "simulator/simulator.h"

namespace blox::simulator {

/// What becomes of one call, drawn from the faults before it is executed.
enum class Fate : std::uint8_t {
  kServed,
  kRefused,         ///< No connection.
  kRequestLost,     ///< Not executed, no answer.
  kAnswerLost,      ///< Executed, no answer.
  kFailed,          ///< 500, not executed.
  kFailedExecuted,  ///< 500, executed.
};

/// Serves POST / (X-Amz-Target), /simulator/… and GET /healthz.
/// Threading: the executor's thread. Requires: `simulator` outlives it.
class Face final : public http::Handler {
 public:
  explicit Face(Simulator& simulator) : simulator_(simulator) {}

  /// A batch of ten SQS messages is larger than what Blox's own services take.
  const http::Route& route_of(const http::Request& head) const override;
  /// With the faults of calls. A lost answer is a body that breaks the connection off; a refused
  /// connection, which a handler cannot make, is a lost request. Answers to AWS calls carry an
  /// x-amzn-RequestId, as clients of AWS read it without asking whether it is there.
  Async<http::Response> handle(http::Request request) override;

  /// Without the faults of calls (those of the world and its buckets hold): for SimTransport.
  Async<http::Response> answer(http::Request request);
  /// Draws what becomes of an AWS call. Calls under /simulator/ and /healthz are always served.
  Fate draw_fate(const http::Request& request);

 private:
  Async<http::Response> answer_with_faults(http::Request request);

  Simulator& simulator_;
  std::uint64_t request_count_ = 0;
};

/// The 500 of the faults kFailed and kFailedExecuted, as the service that `request` asks says it.
http::Response make_server_error(const http::Request& request);

}  // namespace blox::simulator
