// Named<Tag, T>: a T that cannot be passed where another kind of T is meant.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace blox {

/// A T with a meaning: `using TaskArn = Named<struct TaskArnTag, std::string>;`.
template <class Tag, class T>
struct Named {
  Named() = default;
  explicit Named(T named) : value(std::move(named)) {}
  auto operator<=>(const Named&) const = default;
  T value{};
};

}  // namespace blox

template <class Tag, class T>
struct std::hash<blox::Named<Tag, T>> {
  std::size_t operator()(const blox::Named<Tag, T>& named) const {
    return std::hash<T>{}(named.value);
  }
};
