#include "codec/ecs_event.h"

#include <utility>

#include "base/text.h"
#include "codec/json_read.h"
#include "codec/lenient_json.h"

namespace blox::codec {
namespace {

using internal::find_text;
using internal::reader;
using simdjson::dom::object;

constexpr std::string_view kTaskStateChange = "ECS Task State Change";
constexpr std::string_view kInstanceStateChange = "ECS Container Instance State Change";
constexpr std::string_view kSource = "aws.ecs";

// Longer fields of an envelope are no event's. Together with kEventBytesMax they keep whatever an
// event may leave in the store, its key included, within one commit.
// Source: API/PutEventsRequestEntry, DetailType of 128 characters; ids are UUIDs of 36.
constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kTypeBytesMax = std::size_t{4} * 128;
constexpr std::size_t kTimeBytesMax = 64;

std::unexpected<Error> refuse(std::string_view field, std::string_view problem) {
  return fail(ErrorKind::kInvalid, std::string{field} + " " + std::string{problem});
}

// `path` is the field as an error names it; its last step is the field's own name.
Result<std::string_view> demand_text(object from, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const auto name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  const auto text = find_text(from, name);
  if (!text || text->empty()) return refuse(path, "is missing, empty or not a text");
  return *text;
}

// As demand_text, of a field of the envelope, which has a bound.
Result<std::string_view> demand_short_text(object envelope, std::string_view name,
                                           std::size_t bytes_max) {
  const auto text = demand_text(envelope, name);
  if (text && text->size() > bytes_max) {
    return refuse(name, "has " + std::to_string(text->size()) + " bytes, allowed are " +
                            std::to_string(bytes_max));
  }
  return text;
}

Result<EcsVersion> demand_version(object detail) {
  const auto version = internal::find_integer(detail, "version");
  if (!version || *version < 0) return refuse("detail.version", "is not a whole number from 0 on");
  return EcsVersion{*version};
}

// The ARN in a field of the detail, checked by `parse`, which is parse_task_arn or one like it.
template <class Arn>
Status read_arn(object detail, std::string_view path, Result<Arn> (*parse)(std::string_view),
                Arn& arn) {
  const auto text = demand_text(detail, path);
  if (!text) return std::unexpected(text.error());
  auto parsed = parse(*text);
  if (!parsed) return parsed.error_in(path);
  arn = std::move(*parsed);
  return done();
}

Result<TaskReport> read_task(object detail) {
  TaskReport report;
  Status read = read_arn(detail, "detail.taskArn", parse_task_arn, report.arn);
  if (read) read = read_arn(detail, "detail.clusterArn", parse_cluster_arn, report.cluster);
  if (read && !find_text(detail, "containerInstanceArn").value_or("").empty()) {
    ContainerInstanceArn instance;
    read = read_arn(detail, "detail.containerInstanceArn", parse_container_instance_arn, instance);
    report.container_instance = std::move(instance);
  }
  if (!read) return std::unexpected(read.error());
  const auto version = demand_version(detail);
  if (!version) return std::unexpected(version.error());
  report.version = *version;
  const auto status = demand_text(detail, "detail.lastStatus");
  if (!status) return std::unexpected(status.error());
  report.last_status = make_task_status(*status);
  return report;
}

Result<InstanceReport> read_instance(object detail) {
  InstanceReport report;
  Status read =
      read_arn(detail, "detail.containerInstanceArn", parse_container_instance_arn, report.arn);
  if (read) read = read_arn(detail, "detail.clusterArn", parse_cluster_arn, report.cluster);
  if (!read) return std::unexpected(read.error());
  const auto version = demand_version(detail);
  if (!version) return std::unexpected(version.error());
  report.version = *version;
  const auto status = demand_text(detail, "detail.status");
  if (!status) return std::unexpected(status.error());
  report.status = make_instance_status(*status);
  return report;
}

// What the text held by the reader has as `detail`, as it is. Requires: it was parsed before.
Result<std::string_view> cut_detail(std::string_view body) {
  auto walked = reader().walk();
  simdjson::ondemand::object detail;
  std::string_view raw;
  if (walked.find_field_unordered("detail").get_object().get(detail) ||
      detail.raw_json().get(raw)) {
    return refuse("detail", "cannot be cut out of the message");
  }
  return reader().in_original(raw, body);
}

template <class Report>
Result<EcsEvent> finish(EcsEvent event, Result<Report> report, std::string_view body) {
  if (!report) return std::unexpected(report.error());
  const auto raw = cut_detail(body);
  if (!raw) return std::unexpected(raw.error());
  report->detail = *raw;
  event.what = std::move(*report);
  return event;
}

// The cluster of an event that names one, in its detail or among its resources.
std::string find_cluster(object envelope, object detail) {
  const auto named = find_text(detail, "clusterArn");
  if (named && parse_cluster_arn(*named)) return std::string{*named};
  std::string cluster;
  internal::for_each<std::string_view>(envelope, "resources", [&](std::string_view resource) {
    if (cluster.empty() && parse_cluster_arn(resource)) cluster = resource;
  });
  return cluster;
}

// What anyone may put on the event bus is no word of ECS about a task or an instance.
Status check_source(object envelope) {
  const auto source = demand_text(envelope, "source");
  if (!source) return std::unexpected(source.error());
  if (*source == kSource) return done();
  return refuse("source", "is " + quote(*source) + ", state changes come from 'aws.ecs' alone");
}

// Requires: the envelope is what the reader has parsed of `body`.
Result<EcsEvent> decode_envelope(object envelope, std::string_view body) {
  const auto id = demand_short_text(envelope, "id", kIdBytesMax);
  if (!id) return std::unexpected(id.error());
  const auto time_text = demand_short_text(envelope, "time", kTimeBytesMax);
  if (!time_text) return std::unexpected(time_text.error());
  const auto time = parse_time(*time_text);
  if (!time) return time.error_in("time");
  const auto type = demand_short_text(envelope, "detail-type", kTypeBytesMax);
  if (!type) return std::unexpected(type.error());
  object detail;
  if (envelope.at_key("detail").get(detail)) return refuse("detail", "is missing or no object");

  EcsEvent event{std::string{*id}, *time, {}};
  if (*type == kTaskStateChange || *type == kInstanceStateChange) {
    if (const Status known = check_source(envelope); !known) return std::unexpected(known.error());
  }
  if (*type == kTaskStateChange) return finish(std::move(event), read_task(detail), body);
  if (*type == kInstanceStateChange) return finish(std::move(event), read_instance(detail), body);
  event.what = StoredEvent{event.id, std::string{*type}, find_cluster(envelope, detail),
                           std::string{*time_text}, std::string{body}};
  return event;
}

Result<EcsEvent> decode(std::string_view body) {
  if (body.size() > kEventBytesMax) {
    return fail(ErrorKind::kInvalid, "the message has " + std::to_string(body.size()) +
                                         " bytes, allowed are " + std::to_string(kEventBytesMax));
  }
  const auto envelope = reader().hold(body).parse();
  if (envelope) return decode_envelope(*envelope, body);
  const Error strict = envelope.error();
  const auto mended = repair_json(body);
  if (!mended || mended->size() > kEventBytesMax) return std::unexpected(strict);
  const auto again = reader().hold(*mended).parse();
  if (!again) return std::unexpected(strict);
  auto event = decode_envelope(*again, *mended);
  if (event) event->repaired = true;
  return event;
}

}  // namespace

Result<EcsEvent> decode_ecs_event(std::string_view body) {
  auto event = decode(body);
  if (!event) return event.error_in("decode event");
  return event;
}

}  // namespace blox::codec
