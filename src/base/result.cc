#include "base/result.h"

namespace blox {

std::string_view to_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return "invalid";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kCompacted: return "compacted";
    case ErrorKind::kThrottled: return "throttled";
    case ErrorKind::kDenied: return "denied";
    case ErrorKind::kUnavailable: return "unavailable";
    case ErrorKind::kUnknown: return "unknown";
    case ErrorKind::kInternal: return "internal";
  }
  return "?";
}

}  // namespace blox
