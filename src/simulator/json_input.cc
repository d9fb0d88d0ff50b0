#include "simulator/json_input.h"

#include <algorithm>
#include <charconv>

namespace blox::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownMax = 100;  // Of a wrong value, in a message.

json::string_view to_boost(std::string_view text) { return {text.data(), text.size()}; }

std::string shown(const json::value& value) {
  std::string text = json::serialize(value);
  if (text.size() > kShownMax) {
    std::size_t end = kShownMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

std::string range_text(std::int64_t low, std::int64_t high) {
  if (low == std::numeric_limits<std::int64_t>::min()) return "a whole number";
  if (high == std::numeric_limits<std::int64_t>::max()) {
    return "a whole number of at least " + std::to_string(low);
  }
  return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
}

}  // namespace

const json::value* JsonInput::find(std::string_view name) const {
  const json::value* value = object_.if_contains(to_boost(name));
  return value == nullptr || value->is_null() ? nullptr : value;
}

void JsonInput::reject(std::string_view name, const json::value& value, std::string_view expected) {
  if (error_) return;
  std::string message = path_;
  message.append(name).append(": ").append(shown(value)).append(" is not ").append(expected);
  error_ = ApiError{code_, std::move(message)};
}

std::string JsonInput::text(std::string_view name, std::string_view otherwise) {
  const json::value* value = find(name);
  if (value == nullptr) return std::string{otherwise};
  if (const json::string* text = value->if_string()) return {text->data(), text->size()};
  reject(name, *value, "a string");
  return std::string{otherwise};
}

std::string JsonInput::needed_text(std::string_view name) {
  std::string found = text(name);
  if (found.empty() && !error_) {
    error_ =
        ApiError{code_, path_ + std::string{name} + " is missing or empty: a string is needed"};
  }
  return found;
}

std::int64_t JsonInput::number(std::string_view name, std::int64_t otherwise, std::int64_t low,
                               std::int64_t high) {
  const json::value* value = find(name);
  if (value == nullptr) return otherwise;
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  if (value->is_number() && !error && low <= number && number <= high) return number;
  reject(name, *value, range_text(low, high));
  return otherwise;
}

std::int64_t JsonInput::loose_number(std::string_view name, std::int64_t otherwise,
                                     std::int64_t low, std::int64_t high) {
  const json::value* value = find(name);
  if (value == nullptr || !value->is_string()) return number(name, otherwise, low, high);
  const json::string& text = value->get_string();
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && rest == end && low <= number && number <= high) return number;
  reject(name, *value, range_text(low, high));
  return otherwise;
}

double JsonInput::fraction(std::string_view name, double otherwise, double low, double high) {
  const json::value* value = find(name);
  if (value == nullptr) return otherwise;
  boost::system::error_code error;
  const double number = value->is_number() ? value->to_number<double>(error) : 0.0;
  if (value->is_number() && !error && low <= number && number <= high) return number;
  reject(name, *value, "a number from " + std::to_string(low) + " to " + std::to_string(high));
  return otherwise;
}

bool JsonInput::flag(std::string_view name, bool otherwise) {
  const json::value* value = find(name);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  reject(name, *value, "true or false");
  return otherwise;
}

const json::array& JsonInput::list(std::string_view name) {
  static const json::array kNone;
  const json::value* value = find(name);
  if (value == nullptr) return kNone;
  if (value->is_array()) return value->get_array();
  reject(name, *value, "a list");
  return kNone;
}

const json::object& JsonInput::object(std::string_view name) {
  static const json::object kNone;
  const json::value* value = find(name);
  if (value == nullptr) return kNone;
  if (value->is_object()) return value->get_object();
  reject(name, *value, "an object");
  return kNone;
}

std::vector<std::string> JsonInput::texts(std::string_view name, std::size_t count_max) {
  std::vector<std::string> found;
  const json::array& entries = list(name);
  if (entries.size() > count_max) {
    reject(name, entries.size(), "a number of entries up to " + std::to_string(count_max));
    return found;
  }
  for (const json::value& entry : entries) {
    if (!entry.is_string()) {
      reject(name, entry, "a string, as its entries must be");
      return {};
    }
    found.emplace_back(entry.get_string().data(), entry.get_string().size());
  }
  return found;
}

std::vector<const json::object*> JsonInput::objects(std::string_view name, std::size_t count_max) {
  std::vector<const json::object*> found;
  const json::array& entries = list(name);
  if (entries.size() > count_max) {
    reject(name, entries.size(), "a number of entries up to " + std::to_string(count_max));
    return found;
  }
  for (const json::value& entry : entries) {
    if (!entry.is_object()) {
      reject(name, entry, "an object, as its entries must be");
      return {};
    }
    found.push_back(&entry.get_object());
  }
  return found;
}

std::string JsonInput::one_of(std::string_view name, std::vector<std::string_view> allowed) {
  std::string found = text(name, allowed.front());
  if (std::ranges::find(allowed, found) != allowed.end()) return found;
  std::string expected = "one of";
  for (const auto word : allowed) {
    if (!word.empty()) expected.append(" ").append(word);
  }
  reject(name, json::value(found), expected);
  return std::string{allowed.front()};
}

Outcome<json::object> parse_body(std::string_view body) {
  if (body.empty()) return json::object{};
  boost::system::error_code error;
  json::value value = json::parse(to_boost(body), error);
  if (error) return refuse("SerializationException", "The body is not JSON: " + error.message());
  if (!value.is_object()) {
    return refuse("SerializationException", "The body is not a JSON object.");
  }
  return std::move(value.get_object());
}

}  // namespace blox::simulator
