// Where a service of Blox is, as a flag says it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/endpoint.h"

namespace blox::client {

/// The base URL that "HOST:PORT" or a URL means; see http::parse_endpoint.
/// Errors: kInvalid, a sentence without password.
inline Result<std::string> parse_service_endpoint(std::string_view text) {
  return http::parse_endpoint(text);
}

}  // namespace blox::client
