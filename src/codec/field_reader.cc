#include "codec/field_reader.h"

#include "base/text.h"

namespace blox::codec {
namespace {

const boost::json::object kNoObject;

}  // namespace

Result<boost::json::object> parse_json_object(std::string_view json) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({json.data(), json.size()}, error);
  if (error) return fail(ErrorKind::kInvalid, "not JSON: " + error.message());
  if (!value.is_object()) {
    return fail(ErrorKind::kInvalid, "a JSON " + std::string{boost::json::to_string(value.kind())} +
                                         ", an object is expected");
  }
  return std::move(value.get_object());
}

const boost::json::value* FieldReader::find(std::string_view name) const {
  const auto* value = object_.if_contains({name.data(), name.size()});
  return value && !value->is_null() ? value : nullptr;
}

const boost::json::value* FieldReader::demand(std::string_view name) {
  const auto* value = find(name);
  if (!value) refuse(name, "missing");
  return value;
}

void FieldReader::refuse(std::string_view name, std::string_view what) {
  if (error_.empty()) error_ = std::string{name} + " is " + std::string{what};
}

std::optional<std::string> FieldReader::find_text(std::string_view name) {
  const auto* value = find(name);
  if (!value) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string{text->data(), text->size()};
  refuse(name, "not a string");
  return std::nullopt;
}

std::string FieldReader::text(std::string_view name) {
  return demand(name) ? text_or_empty(name) : std::string{};
}

std::int64_t FieldReader::integer(std::string_view name) {
  const auto* value = demand(name);
  if (!value) return 0;
  if (const auto* number = value->if_int64()) return *number;
  refuse(name, "not an integer of 64 bits");
  return 0;
}

std::optional<WallTime> FieldReader::find_time(std::string_view name) {
  const auto text = find_text(name);
  if (!text) return std::nullopt;
  const auto time = parse_time(*text);
  if (time) return *time;
  refuse(name, "no time of RFC 3339: " + quote(*text));
  return std::nullopt;
}

WallTime FieldReader::time(std::string_view name) {
  return demand(name) ? find_time(name).value_or(WallTime{}) : WallTime{};
}

const boost::json::object& FieldReader::object(std::string_view name) {
  const auto* value = demand(name);
  if (!value) return kNoObject;
  if (const auto* object = value->if_object()) return *object;
  refuse(name, "not an object");
  return kNoObject;
}

bool FieldReader::flag(std::string_view name) {
  const auto* value = find(name);
  if (!value) return false;
  if (const auto* flag = value->if_bool()) return *flag;
  refuse(name, "neither true nor false");
  return false;
}

std::vector<std::string> FieldReader::texts(std::string_view name) {
  std::vector<std::string> texts;
  const auto* value = find(name);
  if (!value) return texts;
  const auto* array = value->if_array();
  if (!array) {
    refuse(name, "not an array");
    return texts;
  }
  for (const auto& item : *array) {
    const auto* text = item.if_string();
    if (!text) {
      refuse(name, "not an array of strings");
      return texts;
    }
    texts.emplace_back(text->data(), text->size());
  }
  return texts;
}

std::vector<const boost::json::object*> FieldReader::objects(std::string_view name) {
  std::vector<const boost::json::object*> objects;
  const auto* value = find(name);
  if (!value) return objects;
  const auto* array = value->if_array();
  if (!array) {
    refuse(name, "not an array");
    return objects;
  }
  for (const auto& item : *array) {
    const auto* object = item.if_object();
    if (!object) {
      refuse(name, "not an array of objects");
      return objects;
    }
    objects.push_back(object);
  }
  return objects;
}

Status FieldReader::status() const {
  return error_.empty() ? done() : Status{fail(ErrorKind::kInvalid, error_)};
}

}  // namespace blox::codec
