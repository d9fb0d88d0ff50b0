#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace blox {

void abort_on_broken_invariant(std::string_view what, std::source_location where) {
  std::fprintf(stderr, "%s:%u: broken invariant: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace blox
