// Giving memory back.
#pragma once

#include <utility>

namespace blox {

/// Makes `value` empty and gives its memory back. Assigning an empty value does not: libstdc++'s
/// strings keep what they have.
template <class T>
void release(T& value) {
  const T gone{std::move(value)};
  value = T{};
}

}  // namespace blox
