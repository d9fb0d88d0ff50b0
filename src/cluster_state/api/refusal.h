// The sentences with which v0.3 said no, word for word, and where more there is to say goes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace blox::cluster_state {

inline constexpr std::string_view kTaskNotFound = "Task not found";
inline constexpr std::string_view kInstanceNotFound = "Instance not found";
inline constexpr std::string_view kInvalidStatus = "Invalid status";
inline constexpr std::string_view kInvalidCluster = "Invalid cluster ARN or name";
inline constexpr std::string_view kUnsupportedFilter =
    "At least one of the filters provided is unsupported";
inline constexpr std::string_view kRepeatedFilter =
    "At least one of the filters provided is specified multiple times";
inline constexpr std::string_view kInvalidVersion = "Invalid entity version";
inline constexpr std::string_view kVersionOutOfRange = "Entity version is out of range";
inline constexpr std::string_view kInternalError = "Unexpected internal server error";

/// Why a request is refused. A value, so that parsing can return it.
struct Refusal {
  int status = 400;
  std::string_view body;  ///< One of the sentences above.
  std::string detail;     ///< The field, the value, and what is allowed.
};

/// The answer: the body as v0.3 had it, the detail in the header Blox-Error-Detail.
http::Response to_response(const Refusal& refusal);

/// The answer to an error that v0.3 had no sentence for: the whole sentence is the body.
http::Response to_response(const Error& error);

}  // namespace blox::cluster_state
