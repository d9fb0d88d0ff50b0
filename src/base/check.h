// A broken invariant aborts, in release too: a wrong answer is worse than a restart.
#pragma once

#include <source_location>
#include <string_view>

namespace blox {

[[noreturn]] void abort_on_broken_invariant(std::string_view what, std::source_location where);

/// Aborts with `what` and the place unless `holds`.
inline void check(bool holds, std::string_view what,
                  std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    abort_on_broken_invariant(what, where);
}

}  // namespace blox
