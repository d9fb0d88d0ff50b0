// JsonInput: reads one JSON object of a request, which may hold anything.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/api_error.h"

namespace blox::simulator {

/// Reads fields and remembers the first that is wrong, so that a call reads all it needs and asks
/// `failed` once. A field that is absent or null has its default; one that is wrong too.
class JsonInput {
 public:
  /// `code` names the exception of its errors. `path` stands before field names in messages:
  /// "containerDefinitions[0].". Requires: `object` outlives it.
  JsonInput(const boost::json::object& object, std::string code, std::string path = {})
      : object_(object), code_(std::move(code)), path_(std::move(path)) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string text(std::string_view name, std::string_view otherwise = {});
  /// As `text`, but empty is an error.
  std::string needed_text(std::string_view name);
  std::int64_t number(std::string_view name, std::int64_t otherwise,
                      std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                      std::int64_t high = std::numeric_limits<std::int64_t>::max());
  /// As `number`, and takes numbers in text ("256") as well.
  std::int64_t loose_number(std::string_view name, std::int64_t otherwise, std::int64_t low,
                            std::int64_t high);
  double fraction(std::string_view name, double otherwise, double low, double high);
  bool flag(std::string_view name, bool otherwise = false);
  /// Empty when absent.
  const boost::json::array& list(std::string_view name);
  const boost::json::object& object(std::string_view name);
  std::vector<std::string> texts(std::string_view name, std::size_t count_max);
  /// The entries of a list of objects, up to `count_max`.
  std::vector<const boost::json::object*> objects(std::string_view name, std::size_t count_max);
  /// One of `allowed`, the first being the default, which may be empty.
  std::string one_of(std::string_view name, std::vector<std::string_view> allowed);

  bool failed() const { return error_.has_value(); }
  std::unexpected<ApiError> error() const { return std::unexpected<ApiError>(*error_); }
  const std::optional<ApiError>& first_error() const { return error_; }
  /// Remembers `field: value is not allowed: expected`, unless something failed before.
  void reject(std::string_view name, const boost::json::value& value, std::string_view expected);
  const boost::json::object& raw() const { return object_; }
  const std::string& code() const { return code_; }
  /// Reads a nested object under the same rules, path added.
  JsonInput within(const boost::json::object& nested, const std::string& step) const {
    return JsonInput{nested, code_, path_ + step + "."};
  }
  /// Takes over the error of a nested reader.
  void take_error(const JsonInput& nested) {
    if (!error_) error_ = nested.error_;
  }

 private:
  const boost::json::value* find(std::string_view name) const;

  const boost::json::object& object_;
  std::string code_;
  std::string path_;
  std::optional<ApiError> error_;
};

/// Parses a request's body; an empty one is {}. Errors: SerializationException.
Outcome<boost::json::object> parse_body(std::string_view body);

}  // namespace blox::simulator
