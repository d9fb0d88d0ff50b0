// simdjson as the decoders of this folder use it: one reused buffer and parser a thread, and
// readers of fields that may be absent. For .cc files of this folder alone: simdjson is slow to
// compile.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/whole_number.h"

namespace blox::codec::internal {

/// Holds a copy of one text at a time, with the padding that simdjson reads past its end. What is
/// parsed from it is good until the next text. Requires: hold() before all else.
class JsonReader {
 public:
  /// `depth_max`: of objects and lists within each other in what parse() takes.
  explicit JsonReader(std::size_t depth_max = simdjson::DEFAULT_MAX_DEPTH) {
    // Without memory for it parse() fails, which says so.
    [[maybe_unused]] const auto failed = dom_.allocate(simdjson::SIMDJSON_PADDING, depth_max);
  }
  JsonReader& hold(std::string_view text) {
    if (held_.size() < text.size() + simdjson::SIMDJSON_PADDING) {
      held_.resize(2 * text.size() + simdjson::SIMDJSON_PADDING);
    }
    text.copy(held_.data(), text.size());
    size_ = text.size();
    return *this;
  }

  /// Parses and checks all of the text. Errors: kInvalid (not one JSON object).
  Result<simdjson::dom::object> parse() {
    simdjson::dom::object root;
    const auto error = dom_.parse(held_.data(), size_, false).get(root);
    if (error) {
      return fail(ErrorKind::kInvalid,
                  std::string{"not a JSON object: "} + simdjson::error_message(error));
    }
    return root;
  }

  /// The start of a walk over the text by which raw JSON can be cut out of it. Checks only what is
  /// walked over.
  simdjson::simdjson_result<simdjson::ondemand::document> walk() {
    return on_demand_.iterate(held_.data(), size_, held_.size());
  }

  /// `part` of the held copy, as the same part of `original`, which was copied.
  std::string_view in_original(std::string_view part, std::string_view original) const {
    while (!part.empty() && static_cast<unsigned char>(part.back()) <= ' ') part.remove_suffix(1);
    if (part.empty()) return {};  // It points nowhere.
    return original.substr(static_cast<std::size_t>(part.data() - held_.data()), part.size());
  }

 private:
  simdjson::dom::parser dom_;
  simdjson::ondemand::parser on_demand_;
  std::string held_;
  std::size_t size_ = 0;
};

/// This thread's reader. Its buffers stay as large as the largest text so far.
inline JsonReader& reader() {
  thread_local JsonReader mine;
  return mine;
}

/// The text of a field; nothing when it is absent, null or no text.
inline std::optional<std::string_view> find_text(simdjson::dom::object object,
                                                 std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get(text)) return std::nullopt;
  return text;
}
inline std::string text_or_empty(simdjson::dom::object object, std::string_view name) {
  return std::string{find_text(object, name).value_or("")};
}
/// The whole number of a field, which may be written 4.0; nothing when it is absent or something
/// else.
inline std::optional<std::int64_t> find_integer(simdjson::dom::object object,
                                                std::string_view name) {
  simdjson::dom::element value;
  if (object.at_key(name).get(value)) return std::nullopt;
  std::int64_t number = 0;
  if (!value.get(number)) return number;
  double with_fraction = 0;
  if (!value.is_double() || value.get(with_fraction)) return std::nullopt;
  return to_whole(with_fraction);
}
/// Calls `use` with each element of an array field that is of `Element`'s type.
template <class Element, class Use>
void for_each(simdjson::dom::object object, std::string_view name, const Use& use) {
  simdjson::dom::array array;
  if (object.at_key(name).get(array)) return;
  for (const simdjson::dom::element item : array) {
    Element element;
    if (!item.get(element)) use(element);
  }
}

}  // namespace blox::codec::internal
