#include "codec/exact_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

namespace blox::codec {
namespace {

namespace json = boost::json;

// Builds the value, as the handler of Boost's parser does, but for doubles.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Text = json::string_view;
  using Code = json::error_code;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t count, Code&) { return (stack.push_object(count), true); }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t count, Code&) { return (stack.push_array(count), true); }
  bool on_key_part(Text part, std::size_t, Code&) { return (stack.push_chars(part), true); }
  bool on_key(Text last, std::size_t, Code&) { return (stack.push_key(last), true); }
  bool on_string_part(Text part, std::size_t, Code&) { return (stack.push_chars(part), true); }
  bool on_string(Text last, std::size_t, Code&) { return (stack.push_string(last), true); }
  bool on_number_part(Text part, Code&) { return (number.append(part.data(), part.size()), true); }
  bool on_int64(std::int64_t value, Text, Code&) { return (take(), stack.push_int64(value), true); }
  bool on_uint64(std::uint64_t value, Text, Code&) {
    return (take(), stack.push_uint64(value), true);
  }
  // `value` stays where the text is beyond the doubles: infinite or zero.
  bool on_double(double value, Text last, Code& error) {
    on_number_part(last, error);
    const std::string text = take();
    std::from_chars(text.data(), text.data() + text.size(), value);
    stack.push_double(value);
    return true;
  }
  bool on_bool(bool value, Code&) { return (stack.push_bool(value), true); }
  bool on_null(Code&) { return (stack.push_null(), true); }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

  std::string take() { return std::exchange(number, {}); }

  json::value_stack stack;
  std::string number;  // The text of a number, so far.
};

}  // namespace

json::value parse_exact(std::string_view text, json::error_code& error) {
  json::basic_parser<Builder> parser{json::parse_options{}};
  parser.handler().stack.reset();
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  return error ? json::value{} : parser.handler().stack.release();
}

}  // namespace blox::codec
