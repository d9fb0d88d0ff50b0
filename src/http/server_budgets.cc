#include "http/server_budgets.h"

#include <sys/resource.h>

#include <algorithm>

#include "http/route.h"

namespace blox::http {
namespace {

// Store and its journal, log, event loops, calls to AWS, connections that are being refused.
constexpr std::size_t kFilesForTheRest = 256;
// Reads of the store that each client may have under way as long as there is room.
constexpr std::size_t kSmallReads = 2;
constexpr std::size_t kFilesMax = 1 << 20;  // What "unlimited" counts as.

std::size_t to_count(rlim_t limit) {
  return limit == RLIM_INFINITY ? kFilesMax : std::min<std::size_t>(limit, kFilesMax);
}

std::size_t open_files_max() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? to_count(limit.rlim_cur) : 0;
}

std::shared_ptr<PeerQuota> make_quota(const ProcessLimits& limits, std::size_t total,
                                      std::size_t small) {
  return std::make_shared<PeerQuota>(QuotaRules{.total = total,
                                                .share_percent = limits.peer_share_percent,
                                                .reserve_percent = limits.peer_reserve_percent,
                                                .small = small});
}

}  // namespace

ServerBudgets::ServerBudgets(const ProcessLimits& limits)
    : connections(make_quota(limits, limits.connection_count, limits.peer_small_count)),
      streams(make_quota(
          limits,
          std::min(limits.stream_count, std::max<std::size_t>(1, limits.connection_count / 4 * 3)),
          limits.peer_small_count)),
      request_bytes(
          make_quota(limits, limits.request_bytes, limits.peer_small_count * kBodyBytesMax)),
      store_reads(make_quota(limits, limits.store_read_count, kSmallReads)) {}

ProcessLimits within_open_files(ProcessLimits limits) {
  const std::size_t files = std::max(open_files_max(), kFilesForTheRest + kFilesForTheRest / 4);
  limits.connection_count = std::min(limits.connection_count, files - kFilesForTheRest);
  return limits;
}

std::size_t raise_open_files_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return to_count(limit.rlim_cur);
}

}  // namespace blox::http
