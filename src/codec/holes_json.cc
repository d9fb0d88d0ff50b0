#include "codec/holes_json.h"

#include <optional>
#include <string_view>

#include "codec/json_read.h"
#include "codec/json_write.h"

namespace blox::codec::internal {
namespace {

Result<std::size_t> read_count(simdjson::dom::object from, std::string_view name) {
  const auto count = find_integer(from, name);
  if (count && *count >= 0) return static_cast<std::size_t>(*count);
  return fail(ErrorKind::kInvalid, "holes: " + std::string{name} + " is no count");
}

}  // namespace

void append_holes(std::string& out, const Holes& holes) {
  out += "{\"tasks\":" + std::to_string(holes.task_count);
  out += ",\"instances\":" + std::to_string(holes.instance_count);
  out += ",\"arns\":[";
  bool first = true;
  for (const std::string& arn : holes.arns) {
    if (!first) out += ',';
    first = false;
    append_json_text(out, arn);
  }
  out += "]}";
}

Result<Holes> read_holes(simdjson::dom::object from) {
  const auto tasks = read_count(from, "tasks");
  if (!tasks) return std::unexpected(tasks.error());
  const auto instances = read_count(from, "instances");
  if (!instances) return std::unexpected(instances.error());
  Holes holes;
  holes.task_count = *tasks;
  holes.instance_count = *instances;
  for_each<std::string_view>(from, "arns", [&](std::string_view arn) {
    if (holes.arns.size() < Holes::kNamedMax) holes.arns.emplace(arn);
  });
  return holes;
}

}  // namespace blox::codec::internal
