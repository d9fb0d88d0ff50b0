// FieldReader: the fields of one JSON object that Blox itself wrote, in a record or in an answer of
// its API. Fields that it is not asked for are skipped: a later version may have added them.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace blox::codec {

/// Parses text that has to be one JSON object. Errors: kInvalid, saying what it is instead.
Result<boost::json::object> parse_json_object(std::string_view json);

/// Reads field after field and keeps the first error: ask for all, then look at `status` once.
/// Requires: the object outlives it.
class FieldReader {
 public:
  explicit FieldReader(const boost::json::object& object) : object_(object) {}

  /// Demanded fields. An empty value is returned when it is missing or of another type.
  std::string text(std::string_view name);
  std::int64_t integer(std::string_view name);
  WallTime time(std::string_view name);
  const boost::json::object& object(std::string_view name);

  /// Optional fields: nothing when they are missing or null. Another type is an error.
  std::optional<std::string> find_text(std::string_view name);
  std::string text_or_empty(std::string_view name) { return find_text(name).value_or(""); }
  std::optional<WallTime> find_time(std::string_view name);
  bool flag(std::string_view name);                       ///< False when missing.
  std::vector<std::string> texts(std::string_view name);  ///< Empty when missing.
  /// The objects of an array, empty when missing.
  std::vector<const boost::json::object*> objects(std::string_view name);

  /// Sets the error, if there is none yet: "<name> is <what>".
  void refuse(std::string_view name, std::string_view what);

  /// Errors: kInvalid, naming the first field that was not as expected.
  Status status() const;

 private:
  const boost::json::value* find(std::string_view name) const;
  const boost::json::value* demand(std::string_view name);

  const boost::json::object& object_;
  std::string error_;
};

}  // namespace blox::codec
