// Describe answers to reports: brings ECS's JSON into the form that its events have.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/text.h"
#include "base/time.h"
#include "codec/ecs_calls.h"
#include "codec/ecs_calls_json.h"

namespace blox::codec {
namespace {

namespace json = boost::json;

// By its name: "createdAt", …, and the two of health details that end otherwise.
bool is_time_field(std::string_view field) {
  return field.ends_with("At") || field == "lastUpdated" || field == "lastStatusChange";
}

// Epoch seconds to text; what is no time between the years 1970 and 9999 stays as it is.
void format_epoch(json::value& value) {
  if (!value.is_number()) return;
  const double milliseconds = std::round(value.to_number<double>() * 1000);
  if (!(milliseconds >= 0 && milliseconds < 253'402'300'800'000.0)) return;
  value = format_time(WallTime{std::chrono::milliseconds{std::llround(milliseconds)}});
}

// The parser bounds the depth.
void format_times(json::value& value) {
  if (value.is_array()) {
    for (json::value& entry : value.get_array()) format_times(entry);
  } else if (value.is_object()) {
    for (auto& field : value.get_object()) {
      if (is_time_field(field.key())) format_epoch(field.value());
      format_times(field.value());
    }
  }
}

// Boost.JSON takes 1e400 for infinity and writes that as a number which no other reader takes.
bool has_infinity(const json::value& value) {
  if (value.is_double()) return !std::isfinite(value.get_double());
  if (value.is_array()) return std::ranges::any_of(value.get_array(), has_infinity);
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.get_object(),
                             [](const auto& field) { return has_infinity(field.value()); });
}

void move_field(json::object& from, std::string_view field, json::object& to) {
  const auto found = from.find(field);
  if (found == from.end()) return;
  to[field] = std::move(found->value());
  from.stable_erase(found);
}

void move_container_health(json::object& task, json::object& describe_only) {
  json::value* containers = task.if_contains("containers");
  if (containers == nullptr || !containers->is_array()) return;
  json::object health;
  for (json::value& entry : containers->get_array()) {
    if (!entry.is_object()) continue;
    json::object& container = entry.get_object();
    const auto found = container.find("healthStatus");
    if (found == container.end()) continue;
    const std::string name = aws_json::find_text(container, "name");
    health[name] = std::move(found->value());
    container.stable_erase(found);
  }
  if (!health.empty()) describe_only["containerHealthStatus"] = std::move(health);
}

constexpr std::size_t kQuotedBytesMax = 80;

Result<std::optional<EcsVersion>> decode_version(const json::object& object) {
  const json::value* version = object.if_contains("version");
  if (version == nullptr || version->is_null()) return std::optional<EcsVersion>{};
  if (const std::int64_t* number = version->if_int64()) return EcsVersion{*number};
  return fail(ErrorKind::kInvalid,
              "field 'version' is " +
                  escape_control(json::serialize(*version).substr(0, kQuotedBytesMax)) +
                  ", not an integer");
}

Result<TaskReport> decode_task(json::object task) {
  auto arn = aws_json::get_text(task, "taskArn");
  if (!arn) return std::unexpected(arn.error());
  auto cluster = aws_json::get_text(task, "clusterArn");
  if (!cluster) return std::unexpected(cluster.error());
  const auto last_status = aws_json::get_text(task, "lastStatus");
  if (!last_status) return std::unexpected(last_status.error());
  const auto version = decode_version(task);
  if (!version) return std::unexpected(version.error());

  TaskReport report{TaskArn{std::move(*arn)},
                    ClusterArn{std::move(*cluster)},
                    *version,
                    make_task_status(*last_status),
                    std::nullopt,
                    {},
                    {}};
  if (std::string instance = aws_json::find_text(task, "containerInstanceArn"); !instance.empty()) {
    report.container_instance = ContainerInstanceArn{std::move(instance)};
  }
  json::object describe_only;
  move_field(task, "healthStatus", describe_only);
  move_field(task, "tags", describe_only);
  move_container_health(task, describe_only);
  report.detail = json::serialize(task);
  report.describe_only = json::serialize(describe_only);
  return report;
}

Result<InstanceReport> decode_instance(json::object instance, const ClusterArn& cluster) {
  auto arn = aws_json::get_text(instance, "containerInstanceArn");
  if (!arn) return std::unexpected(arn.error());
  const auto status = aws_json::get_text(instance, "status");
  if (!status) return std::unexpected(status.error());
  const auto version = decode_version(instance);
  if (!version) return std::unexpected(version.error());

  InstanceReport report{ContainerInstanceArn{std::move(*arn)}, cluster, *version,
                        make_instance_status(*status),         {},      {}};
  json::object describe_only;
  move_field(instance, "healthStatus", describe_only);
  move_field(instance, "tags", describe_only);
  instance["clusterArn"] = cluster.value;
  report.detail = json::serialize(instance);
  report.describe_only = json::serialize(describe_only);
  return report;
}

// Both answers have the same form; `decode` makes a report of one object, which `arn_field` names.
template <class Answer, class Decode>
Result<Answer> decode_described(std::string_view body, std::string_view field,
                                std::string_view arn_field, Decode decode) {
  auto parsed = aws_json::parse_answer(body);
  if (!parsed) return std::unexpected(parsed.error());
  Answer answer;
  const Status objects =
      aws_json::for_each_object(*parsed, field, [&](json::object& object) -> Status {
        std::string arn = aws_json::find_text(object, arn_field);
        json::value value(std::move(object));  // Braces would make a list of it.
        format_times(value);
        auto report = has_infinity(value) ? fail(ErrorKind::kInvalid,
                                                 "a number in it is beyond all that we can keep")
                                          : decode(std::move(value.get_object()));
        if (report) {
          answer.reports.push_back(std::move(*report));
        } else {  // One of a hundred must not cost the others.
          answer.failures.push_back(
              {std::move(arn), std::string{kUndecodable}, report.error().message});
        }
        return done();
      });
  if (!objects) return std::unexpected(objects.error());
  const Status failures = aws_json::decode_failures(*parsed, answer.failures);
  if (!failures) return std::unexpected(failures.error());
  return answer;
}

}  // namespace

Result<DescribeTasksAnswer> decode_describe_tasks(std::string_view body) {
  return decode_described<DescribeTasksAnswer>(body, "tasks", "taskArn", decode_task);
}

Result<DescribeInstancesAnswer> decode_describe_container_instances(std::string_view body,
                                                                    const ClusterArn& cluster) {
  return decode_described<DescribeInstancesAnswer>(
      body, "containerInstances", "containerInstanceArn",
      [&](json::object instance) { return decode_instance(std::move(instance), cluster); });
}

}  // namespace blox::codec
