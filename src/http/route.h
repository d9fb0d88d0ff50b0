// Route: what the server has to know of a request before its body is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace blox::http {

/// What answering costs: a label of metrics, and how many of a kind may be under way.
enum class Cost : std::uint8_t {
  kProbe,   ///< Nothing: whether the process lives and is ready.
  kCheap,   ///< A look into memory.
  kList,    ///< A walk through memory and a large answer.
  kStream,  ///< A connection for as long as the client likes.
  kStore,   ///< Reads of the store.
  kChange,  ///< A commit, perhaps calls to ECS.
};

inline constexpr std::size_t kCostCount = 6;

/// "probe", "stream" and so on, for labels.
std::string_view to_text(Cost cost);

/// No request of Blox's own needs a larger body.
inline constexpr std::size_t kBodyBytesMax = 64 << 10;

struct Route {
  std::string name = "unknown";  ///< Method and pattern: "GET /v1/tasks/{cluster}/{arn...}".
  std::size_t body_bytes_max = kBodyBytesMax;
  Cost cost = Cost::kCheap;
  /// Answered whatever Host and Origin say: for probes of load balancers. It must tell nothing that
  /// not everybody may know.
  bool is_open = false;
};

}  // namespace blox::http
