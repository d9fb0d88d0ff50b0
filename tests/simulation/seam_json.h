// What the judges read of the bodies that pass the seams, with a reader of their own: the codecs
// are among what they judge.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace blox::simulation {

/// Empty for what is no object.
inline boost::json::object parse_seam(std::string_view text) {
  boost::system::error_code error;
  auto value = boost::json::parse({text.data(), text.size()}, error);
  return !error && value.is_object() ? std::move(value.as_object()) : boost::json::object{};
}

/// Empty when it is not there, or no text.
inline std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

/// None when it is not there, or no whole number.
inline std::optional<std::int64_t> number_of(const boost::json::object& object,
                                             std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = found->to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional{number};
}

/// Null when it is not there, or no object.
inline const boost::json::object* find_object(const boost::json::object& object,
                                              std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

inline std::vector<boost::json::object> objects_of(const boost::json::object& object,
                                                   std::string_view name) {
  std::vector<boost::json::object> list;
  const auto* found = object.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_array()) return list;
  for (const auto& entry : found->as_array()) {
    if (entry.is_object()) list.push_back(entry.as_object());
  }
  return list;
}

inline std::vector<std::string> texts_of(const boost::json::object& object, std::string_view name) {
  std::vector<std::string> list;
  const auto* found = object.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_array()) return list;
  for (const auto& entry : found->as_array()) {
    if (entry.is_string()) list.emplace_back(entry.as_string());
  }
  return list;
}

}  // namespace blox::simulation
