// Reading of the answers of AWS with Boost.JSON: fields by name, errors that name them.
// For the ecs_calls and sqs_calls files alone, as Boost.JSON is a slow header.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/bounded_text.h"
#include "base/result.h"
#include "codec/ecs_calls.h"
#include "codec/lenient_json.h"

namespace blox::codec::aws_json {

inline std::string copy(const boost::json::string& text) {
  return std::string{text.data(), text.size()};
}

/// The answer as an object, as `parse` (parse_exact, or Boost's own, which is quicker) reads it.
/// What only a lenient reader takes is read as repair_json has it, which `repaired` then says.
/// Errors: kInvalid.
template <class Parse>
Result<boost::json::object> parse_answer(std::string_view body, Parse parse, bool& repaired) {
  boost::json::error_code error;
  boost::json::value value = parse(body, error);
  if (error) {
    if (const auto mended = repair_json(body)) {
      boost::json::error_code still;
      value = parse(*mended, still);
      repaired = !still;
      if (repaired) error = {};
    }
  }
  if (error) return fail(ErrorKind::kInvalid, "the answer is not JSON: " + error.message());
  if (!value.is_object()) return fail(ErrorKind::kInvalid, "the answer is not a JSON object");
  return std::move(value.get_object());
}
/// An answer of which no number with a fraction is kept.
inline Result<boost::json::object> parse_answer(std::string_view body) {
  const auto parse = [](std::string_view text, boost::json::error_code& error) {
    return boost::json::parse(text, error);
  };
  bool repaired = false;
  return parse_answer(body, parse, repaired);
}

/// A text that must be there and not be empty. Errors: kInvalid.
inline Result<std::string> get_text(const boost::json::object& object, std::string_view field) {
  const boost::json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return fail(ErrorKind::kInvalid, "field '" + std::string{field} + "' is missing or no text");
  }
  return copy(value->get_string());
}

/// A text that may be missing; empty then.
inline std::string find_text(const boost::json::object& object, std::string_view field) {
  const boost::json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? copy(value->get_string()) : std::string{};
}

/// A list of objects; empty when missing or null. Each is handed to `take`, which may take it apart
/// and returns a Status. Errors: kInvalid, naming the field and the place.
template <class Take>
Status for_each_object(boost::json::object& object, std::string_view field, Take take) {
  boost::json::value* value = object.if_contains(field);
  if (value == nullptr || value->is_null()) return done();
  if (!value->is_array()) {
    return fail(ErrorKind::kInvalid, "field '" + std::string{field} + "' is no list");
  }
  std::size_t place = 0;
  for (boost::json::value& entry : value->get_array()) {
    const std::string where = std::string{field} + "[" + std::to_string(place++) + "]";
    if (!entry.is_object()) return fail(ErrorKind::kInvalid, where + " is no object");
    if (const Status taken = take(entry.get_object()); !taken) return taken.error_in(where);
  }
  return done();
}

/// As for_each_object, but an entry that is no object is named among `failures`, as kUndecodable:
/// one of a hundred must not cost the others. `take` returns nothing.
template <class Take>
Status for_each_decodable(boost::json::object& object, std::string_view field,
                          std::vector<EcsFailure>& failures, Take take) {
  boost::json::value* value = object.if_contains(field);
  if (value == nullptr || value->is_null()) return done();
  if (!value->is_array()) {
    return fail(ErrorKind::kInvalid, "field '" + std::string{field} + "' is no list");
  }
  std::size_t place = 0;
  for (boost::json::value& entry : value->get_array()) {
    const std::size_t mine = place++;
    if (entry.is_object()) {
      take(entry.get_object());
      continue;
    }
    failures.push_back({"", std::string{kUndecodable},
                        std::string{field} + "[" + std::to_string(mine) + "] is no object"});
  }
  return done();
}

/// The list "failures" of an answer of ECS. What it says in words is kept as far as
/// kForeignTextBytesMax. Errors: kInvalid.
inline Status decode_failures(boost::json::object& answer, std::vector<EcsFailure>& failures) {
  return for_each_decodable(answer, "failures", failures, [&](const boost::json::object& failure) {
    failures.push_back({find_text(failure, "arn"), shorten(find_text(failure, "reason")),
                        shorten(find_text(failure, "detail"))});
  });
}

}  // namespace blox::codec::aws_json
