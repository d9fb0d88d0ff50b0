// The strict side of scheduler_objects.h: bodies that users have written. Every fault is named with
// its field, what it is and what is allowed.
#include <algorithm>

#include "base/bounded_text.h"
#include "base/text.h"
#include "codec/field_reader.h"
#include "codec/scheduler_objects.h"

namespace blox::codec {
namespace {

using boost::json::object;
using boost::json::value;

constexpr std::string_view kAllowedNew =
    "name, instanceGroup, taskDefinition, maxUnavailable, drainDeadline, minHealthy";
constexpr std::size_t kKeyBytesMax = 80;  // Of one that an error names.
constexpr std::string_view kAllowedPatch =
    "taskDefinition, maxUnavailable, drainDeadline, minHealthy";

std::string kind_of(const value& given) {
  if (given.is_null()) return "null";
  if (given.is_bool()) return "a boolean";
  if (given.is_number()) return "a number";
  if (given.is_array()) return "an array";
  return given.is_object() ? "an object" : "a string";
}

std::unexpected<Error> fail_type(std::string_view field, const value& given,
                                 std::string_view allowed) {
  return fail(ErrorKind::kInvalid, std::string{field} + " is " + kind_of(given) + "; allowed is " +
                                       std::string{allowed});
}

std::unexpected<Error> fail_missing(std::string_view field, std::string_view allowed) {
  return fail(ErrorKind::kInvalid,
              std::string{field} + " is missing; it has to be " + std::string{allowed});
}

Result<std::string> read_text(std::string_view field, const value& given) {
  const auto* text = given.if_string();
  if (!text) return fail_type(field, given, "a string");
  return std::string{text->data(), text->size()};
}

Result<std::string> read_max_unavailable(const value& given) {
  constexpr std::string_view kAllowed = "a count as an integer, or a percent such as \"10%\"";
  if (const auto* count = given.if_int64()) return std::to_string(*count);
  const auto* text = given.if_string();
  if (!text) return fail_type("maxUnavailable", given, kAllowed);
  if (!text->ends_with('%')) {
    return fail(ErrorKind::kInvalid, "maxUnavailable is the string " +
                                         quote({text->data(), text->size()}) + "; allowed is " +
                                         std::string{kAllowed});
  }
  return std::string{text->data(), text->size()};
}

Result<std::string> read_cluster(const value& given) {
  const auto* group = given.if_object();
  if (!group) return fail_type("instanceGroup", given, "an object {\"cluster\": …}");
  const value* cluster = nullptr;
  for (const auto& field : *group) {
    const std::string_view key{field.key().data(), field.key().size()};
    if (key != "cluster") {
      return fail(ErrorKind::kInvalid, "instanceGroup." + escape_control(cut(key, kKeyBytesMax)) +
                                           " is not known; allowed is cluster");
    }
    cluster = &field.value();
  }
  if (!cluster) return fail_missing("instanceGroup.cluster", "the name or the ARN of a cluster");
  return read_text("instanceGroup.cluster", *cluster);
}

template <class Field>
Status keep(Result<std::string> read, Field& field) {
  if (!read) return std::unexpected(read.error());
  field = std::move(*read);
  return done();
}

Status read_field(std::string_view name, const value& given, EnvironmentRequest& request,
                  std::string_view allowed) {
  const bool is_new = allowed == kAllowedNew;
  if (name == "taskDefinition") return keep(read_text(name, given), request.task_definition);
  if (name == "maxUnavailable") return keep(read_max_unavailable(given), request.max_unavailable);
  if (name == "drainDeadline") return keep(read_text(name, given), request.drain_deadline);
  if (name == "minHealthy") return keep(read_text(name, given), request.min_healthy);
  if (is_new && name == "name") return keep(read_text(name, given), request.name);
  if (is_new && name == "instanceGroup") return keep(read_cluster(given), request.cluster);
  return fail(ErrorKind::kInvalid, "the field " + quote(name) + " is not known here; allowed are " +
                                       std::string{allowed});
}

Result<EnvironmentRequest> read_request(const object& body, std::string_view allowed) {
  EnvironmentRequest request;
  for (const auto& field : body) {
    const std::string_view name{field.key().data(), field.key().size()};
    const auto read = read_field(name, field.value(), request, allowed);
    if (!read) return std::unexpected(read.error());
  }
  return request;
}

Result<object> parse_body(std::string_view json) {
  auto body = parse_json_object(json);
  if (!body) return fail(ErrorKind::kInvalid, "the body is " + body.error().message);
  return body;
}

}  // namespace

Result<EnvironmentRequest> decode_new_environment(std::string_view json) {
  const auto body = parse_body(json);
  if (!body) return std::unexpected(body.error());
  if (!body->contains("name")) {
    return fail_missing("name", "a string of 1 to 30 letters, digits, '-' and '_'");
  }
  if (!body->contains("instanceGroup")) {
    return fail_missing("instanceGroup", "an object {\"cluster\": …}");
  }
  if (!body->contains("taskDefinition")) {
    return fail_missing("taskDefinition", "a family, family:revision or an ARN");
  }
  return read_request(*body, kAllowedNew);
}

Result<EnvironmentRequest> decode_environment_patch(std::string_view json) {
  const auto body = parse_body(json);
  if (!body) return std::unexpected(body.error());
  if (body->empty()) {
    return fail(ErrorKind::kInvalid, "the body changes nothing; allowed are " +
                                         std::string{kAllowedPatch} + ", at least one of them");
  }
  return read_request(*body, kAllowedPatch);
}

}  // namespace blox::codec
