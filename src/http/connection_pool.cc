#include "http/connection_pool.h"

#include <sys/resource.h>

#include <algorithm>

namespace blox::http {
namespace {

// Store and its journal, log, event loops, calls to AWS, connections that are being refused.
constexpr std::size_t kFilesForTheRest = 256;
constexpr std::size_t kFilesMax = 1 << 20;  // What "unlimited" counts as.

std::size_t to_count(rlim_t limit) {
  return limit == RLIM_INFINITY ? kFilesMax : std::min<std::size_t>(limit, kFilesMax);
}

std::size_t open_files_max() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? to_count(limit.rlim_cur) : 0;
}

}  // namespace

bool ConnectionPool::take() {
  if (count_.fetch_add(1) < count_max_) return true;
  --count_;
  return false;
}

std::size_t raise_open_files_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return to_count(limit.rlim_cur);
}

std::shared_ptr<ConnectionPool> process_connections() {
  static const auto pool = std::make_shared<ConnectionPool>(
      std::max(open_files_max(), kFilesForTheRest + kFilesForTheRest / 4) - kFilesForTheRest);
  return pool;
}

}  // namespace blox::http
