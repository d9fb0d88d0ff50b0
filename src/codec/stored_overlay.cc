#include "codec/stored_overlay.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "base/time.h"
#include "codec/exact_json.h"

namespace blox::codec {
namespace {

namespace json = boost::json;

bool is_same(const json::value& one, const json::value& other);

// Null, {} and []: ECS uses them and absence alike.
bool is_nothing(const json::value* value) {
  return value == nullptr || value->is_null() ||
         (value->is_array() && value->get_array().empty()) ||
         (value->is_object() && value->get_object().empty());
}

bool is_same_text(const json::string& one, const json::string& other) {
  if (one == other) return true;
  const auto first = parse_time(one);
  if (!first) return false;
  const auto second = parse_time(other);
  return second && *first == *second;
}

bool is_same_object(const json::object& one, const json::object& other) {
  // Fields of both are compared once: twice at each depth would be without end for deep objects.
  const bool all_there = std::ranges::all_of(other, [&](const json::key_value_pair& field) {
    const json::value* match = one.if_contains(field.key());
    if (is_nothing(&field.value()) && is_nothing(match)) return true;
    return match != nullptr && is_same(*match, field.value());
  });
  return all_there && std::ranges::all_of(one, [&](const json::key_value_pair& field) {
           return is_nothing(&field.value()) || other.contains(field.key());
         });
}

// By name, where all elements have one: ECS lists attributes, tags and containers in any order.
std::vector<const json::value*> in_order(const json::array& array) {
  const auto name_of = [](const json::value* value) -> const json::string* {
    const json::object* object = value->if_object();
    if (object == nullptr) return nullptr;
    const json::value* name = object->if_contains("name");
    if (name == nullptr) name = object->if_contains("key");
    return name == nullptr ? nullptr : name->if_string();
  };
  std::vector<const json::value*> elements;
  for (const json::value& element : array) elements.push_back(&element);
  if (std::ranges::all_of(elements, [&](auto* element) { return name_of(element) != nullptr; })) {
    std::ranges::sort(elements, [&](const json::value* left, const json::value* right) {
      const int order = name_of(left)->compare(*name_of(right));
      return order != 0 ? order < 0 : left < right;  // Equal names stay as they stand.
    });
  }
  return elements;
}

bool is_same_array(const json::array& one, const json::array& other) {
  return std::ranges::equal(in_order(one), in_order(other),
                            [](auto* left, auto* right) { return is_same(*left, *right); });
}

bool is_same(const json::value& one, const json::value& other) {
  if (one.is_string() && other.is_string()) {
    return is_same_text(one.get_string(), other.get_string());
  }
  if (one.is_number() && other.is_number()) {
    return one == other || one.to_number<double>() == other.to_number<double>();
  }
  if (one.is_object() && other.is_object()) {
    return is_same_object(one.get_object(), other.get_object());
  }
  if (one.is_array() && other.is_array()) return is_same_array(one.get_array(), other.get_array());
  return one == other;
}

Result<json::object> parse_object(std::string_view text) {
  json::error_code error;
  json::value value = parse_exact(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::kInvalid, "not a JSON object");
  return std::move(value.get_object());
}

}  // namespace

Result<std::optional<std::string>> overlay_detail(std::string_view held,
                                                  std::string_view described) {
  auto joined = parse_object(held);
  if (!joined) return joined.error_in("overlay: held detail");
  auto laid_over = parse_object(described);
  if (!laid_over) return laid_over.error_in("overlay: described detail");
  bool differs = false;
  for (auto& field : *laid_over) {
    json::value& value = field.value();
    const json::value* match = joined->if_contains(field.key());
    if (value.is_null() || (is_nothing(&value) && is_nothing(match))) continue;
    if (match != nullptr && is_same(*match, value)) continue;
    (*joined)[field.key()] = std::move(value);
    differs = true;
  }
  if (!differs) return std::optional<std::string>{};
  return json::serialize(*joined);
}

bool is_same_json(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto first = parse_object(one.empty() ? "{}" : one);
  const auto second = parse_object(other.empty() ? "{}" : other);
  return first && second && is_same_object(*first, *second);
}

}  // namespace blox::codec
