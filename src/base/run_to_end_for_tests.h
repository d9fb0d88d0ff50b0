// run_to_end: one piece of async work on a SimLoop, as if it were a plain call, and keep, for
// several side by side. For tests alone.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "base/async.h"
#include "base/check.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox {

/// Puts what `work` returns into `into`, which stays empty until then.
template <class T>
Async<void> keep(Async<T> work, std::optional<T>& into) {
  into.emplace(co_await std::move(work));
}

/// Runs `work`, and what else the loop has meanwhile, until it ends, and returns what it returned.
/// A check fails when it takes longer than `limit` of the loop's time.
template <class T>
T run_to_end(SimLoop& loop, Async<T> work, Duration limit = std::chrono::hours{1}) {
  std::optional<T> result;
  Scope scope{loop};
  scope.spawn(keep(std::move(work), result));
  check(loop.run_while_not([&] { return result.has_value(); }, limit), "the work ends in time");
  return *std::move(result);
}

}  // namespace blox
