// The few calls that the load program makes of the simulator.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "http/transport.h"

namespace blox::bench {

/// A POST of the JSON protocols. `target`: "AmazonSQS.SendMessage".
inline http::OutgoingRequest make_call(const std::string& endpoint, const std::string& target,
                                       const boost::json::object& body) {
  http::OutgoingRequest request;
  request.method = "POST";
  request.url = endpoint + "/";
  request.headers = {{"X-Amz-Target", target}, {"Content-Type", "application/x-amz-json-1.0"}};
  request.body = boost::json::serialize(body);
  return request;
}

/// Sends it; the answer's body. Errors: those of send, kInternal for a status other than 200.
inline Async<Result<std::string>> send(http::Transport& transport, http::OutgoingRequest request) {
  const std::string what = request.method + " " + request.url;
  auto answer = co_await transport.send(std::move(request));
  if (!answer) co_return answer.error_in(what);
  if (answer->status != 200) {
    co_return fail(ErrorKind::kInternal,
                   what + ": " + std::to_string(answer->status) + " " + answer->body);
  }
  co_return std::move(answer->body);
}

}  // namespace blox::bench
