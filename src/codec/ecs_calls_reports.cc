// Describe answers to reports: brings ECS's JSON into the form that its events have.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/bounded_text.h"
#include "base/text.h"
#include "base/time.h"
#include "codec/ecs_calls.h"
#include "codec/ecs_calls_json.h"
#include "codec/exact_json.h"
#include "codec/whole_number.h"

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

// Boost.JSON takes 1e400 for infinity, and writes that as a number which no other reader takes.
// Nobody knows what it was: null, which is no number at all. True when there was one.
bool leave_out_infinities(json::value& value) {
  if (value.is_double() && !std::isfinite(value.get_double())) {
    value = nullptr;
    return true;
  }
  bool found = false;
  if (value.is_array()) {
    for (json::value& entry : value.get_array()) found |= leave_out_infinities(entry);
  } else if (value.is_object()) {
    for (auto& field : value.get_object()) found |= leave_out_infinities(field.value());
  }
  return found;
}

// U+FFFD, which stands for what was no text, or a control character, which may have come as a raw
// byte. In an answer that was repaired: what else holds one is named beside what was meant.
bool may_be_repaired(std::string_view text) {
  return text.contains("\xef\xbf\xbd") ||
         std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}
bool may_be_repaired(const json::value& value) {
  if (value.is_string()) return may_be_repaired(std::string_view{value.get_string()});
  if (value.is_array()) {
    return std::ranges::any_of(value.get_array(),
                               [](const json::value& entry) { return may_be_repaired(entry); });
  }
  return value.is_object() && std::ranges::any_of(value.get_object(), [](const auto& field) {
           return may_be_repaired(std::string_view{field.key()}) || may_be_repaired(field.value());
         });
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

// 4 and 4.0 alike. None for what is no whole number, and beyond those that a double holds exactly.
std::optional<std::int64_t> find_whole(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const double* number = value.if_double();
  return number == nullptr ? std::nullopt : to_whole(*number);
}

// One that we cannot read is not one that ECS did not send: it would order the object wrongly.
Result<std::optional<EcsVersion>> decode_version(const json::object& object) {
  const json::value* version = object.if_contains("version");
  if (version == nullptr || version->is_null()) return std::optional<EcsVersion>{};
  if (const auto number = find_whole(*version)) return EcsVersion{*number};
  return fail(ErrorKind::kInvalid,
              "field 'version' is " +
                  escape_control(shorten(json::serialize(*version), kQuotedBytesMax)) +
                  ", not an integer");
}

Result<TaskReport> decode_task(json::object task, std::optional<EcsVersion> version) {
  auto arn = aws_json::get_text(task, "taskArn");
  if (!arn) return std::unexpected(arn.error());
  auto cluster = aws_json::get_text(task, "clusterArn");
  if (!cluster) return std::unexpected(cluster.error());
  const auto last_status = aws_json::get_text(task, "lastStatus");
  if (!last_status) return std::unexpected(last_status.error());

  TaskReport report{TaskArn{std::move(*arn)},
                    ClusterArn{std::move(*cluster)},
                    version,
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

Result<InstanceReport> decode_instance(json::object instance, std::optional<EcsVersion> version,
                                       const ClusterArn& cluster) {
  auto arn = aws_json::get_text(instance, "containerInstanceArn");
  if (!arn) return std::unexpected(arn.error());
  const auto status = aws_json::get_text(instance, "status");
  if (!status) return std::unexpected(status.error());

  InstanceReport report{ContainerInstanceArn{std::move(*arn)}, cluster, version,
                        make_instance_status(*status),         {},      {}};
  json::object describe_only;
  move_field(instance, "healthStatus", describe_only);
  move_field(instance, "tags", describe_only);
  instance["clusterArn"] = cluster.value;
  report.detail = json::serialize(instance);
  report.describe_only = json::serialize(describe_only);
  return report;
}

// One object of an answer, which `arn_field` names, into a report or among the failures: one of a
// hundred must not cost the others.
template <class Answer, class Decode>
void take_object(json::object object, std::string_view arn_field, bool repaired, Decode& decode,
                 Answer& answer) {
  std::string arn = aws_json::find_text(object, arn_field);
  const auto version = decode_version(object);
  json::value value(std::move(object));  // Braces would make a list of it.
  format_times(value);
  const bool is_cut = leave_out_infinities(value);
  const bool is_repaired = repaired && may_be_repaired(value);
  auto report = version ? decode(std::move(value.get_object()), *version)
                        : std::unexpected<Error>(version.error());
  if (!report) {
    answer.failures.push_back({std::move(arn), std::string{kUndecodable}, report.error().message});
    return;
  }
  answer.reports.push_back(std::move(*report));
  if (is_cut) answer.repaired.push_back({arn, "a number beyond all that we can keep is left out"});
  if (is_repaired) answer.repaired.push_back({std::move(arn), "text that is no JSON is repaired"});
}

// Both answers have the same form.
template <class Answer, class Decode>
Result<Answer> decode_described(std::string_view body, std::string_view field,
                                std::string_view arn_field, Decode decode) {
  bool repaired = false;
  auto parsed = aws_json::parse_answer(body, parse_exact, repaired);
  if (!parsed) return std::unexpected(parsed.error());
  Answer answer;
  const Status objects =
      aws_json::for_each_decodable(*parsed, field, answer.failures, [&](json::object& object) {
        take_object(std::move(object), arn_field, repaired, decode, answer);
      });
  if (!objects) return std::unexpected(objects.error());
  const Status failures = aws_json::decode_failures(*parsed, answer.failures);
  if (!failures) return std::unexpected(failures.error());
  if (repaired && answer.repaired.empty()) {
    answer.repaired.push_back({"", "one of its objects had a number that is none"});
  }
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
      [&](json::object instance, std::optional<EcsVersion> version) {
        return decode_instance(std::move(instance), version, cluster);
      });
}

}  // namespace blox::codec
