// insist: one piece of async work, asked for again while it is refused for the moment. For tests
// alone.
#pragma once

#include <chrono>

#include "base/result.h"
#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"

namespace blox {

/// Asks until it is not refused for the moment, as all who use a store do; ten times at most.
template <class Ask>
auto insist(SimLoop& loop, Ask ask) {
  for (int tries = 0;; ++tries) {
    auto answer = run_to_end(loop, ask());
    if (answer || answer.error().kind != ErrorKind::kUnavailable || tries == 10) return answer;
    loop.run_for(std::chrono::milliseconds{1});
  }
}

}  // namespace blox
