// What both programs share: a coroutine run to its end on an IoLoop, and figures as one JSON line.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/io_loop.h"
#include "base/result.h"
#include "base/scope.h"

namespace blox::bench {

/// Runs `work` on the loop until it ends.
template <class T>
T run_to_end(IoLoop& loop, Async<T> work) {
  std::optional<T> result;
  const auto keep = [&loop, &result](Async<T> awaited) -> Async<void> {
    result.emplace(co_await std::move(awaited));
    loop.stop();
  };
  Scope scope{loop};
  scope.spawn(keep(std::move(work)));
  loop.run();
  return *std::move(result);
}

/// What a program has to say, in order.
using Figures = std::vector<std::pair<std::string, double>>;

/// Prints one JSON object on a line of stdout.
inline void print(const Figures& figures) {
  std::string line;
  for (const auto& [name, value] : figures) {
    line += fmt::format("{}\"{}\":{:.6g}", line.empty() ? "" : ",", name, value);
  }
  fmt::print("{{{}}}\n", line);
}

/// Prints the figures, or the error on stderr; the exit status.
inline int finish(const Result<Figures>& figures) {
  if (!figures) {
    fmt::print(stderr, "{}\n", figures.error().message);
    return 1;
  }
  print(*figures);
  return 0;
}

/// The value below which `share` (0 to 1) of them lie. Requires: not empty.
inline double quantile(std::vector<double>& values, double share) {
  const auto place = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

inline double to_ms(Duration duration) {
  return std::chrono::duration<double, std::milli>{duration}.count();
}
inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

}  // namespace blox::bench
