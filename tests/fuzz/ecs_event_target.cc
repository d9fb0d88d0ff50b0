// Events of ECS as they come from the queue: codec/ecs_event.h, and on the way that ingest takes
// them, codec/stored.h and codec/api_objects.h.
#include "codec/ecs_event.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "codec/api_objects.h"
#include "codec/stored.h"
#include "codec/wrapped_events.h"
#include "fuzz/oracle.h"

namespace blox::fuzz {
namespace {

using codec::decode_ecs_event;

constexpr WallTime kSeen{std::chrono::milliseconds{1'787'220'003'412}};

void check_status(const TaskReport& report, const Task& task) {
  check(report.last_status == task.last_status, "the report's status is the detail's");
  check(report.container_instance == task.container_instance,
        "the report's instance is the detail's");
}
void check_status(const InstanceReport& report, const ContainerInstance& instance) {
  check(report.status == instance.status, "the report's status is the detail's");
}

Result<Task> decode_detail(const TaskReport& report) {
  return codec::decode_task_detail(report.detail);
}
Result<ContainerInstance> decode_detail(const InstanceReport& report) {
  return codec::decode_instance_detail(report.detail);
}

// What our API gives is what a client of ours reads; the ECS version is no part of it.
template <class Object>
void check_api(Object object) {
  object.version.reset();
  const auto read = codec::decode_object<Object>(codec::encode_object(7, object));
  check(read.has_value(), "a client can read what the API gives");
  check(read->object == object && read->entity_version == 7, "a client reads the object as it is");
}

// A report names the same object as the detail that is stored with it, whole.
template <class Report>
void check_report(const Report& report, bool repaired, std::string_view body) {
  check(repaired || body.find(report.detail) != body.npos,
        "the detail is cut out of the message as it is");
  check(report.describe_only.empty(), "an event has nothing of Describe");
  const auto object = decode_detail(report);
  check(object.has_value(), "the detail of an event that is taken can be decoded");
  check(object->arn == report.arn && object->cluster == report.cluster &&
            object->version == report.version,
        "the report names what its detail names");
  check_status(report, *object);
  const std::string stored = codec::encode_stored({report.detail, {}, std::nullopt, kSeen});
  const auto head = codec::decode_stored_head(stored);
  check(head.has_value(), "what is stored of an event can be decoded");
  const auto& read = std::get<codec::StoredHead>(*head);
  check(read.cluster == report.cluster && read.version == report.version &&
            read.parts.detail == report.detail && read.parts.seen_at == kSeen,
        "what is stored is read back");
  check_api(*object);
}

void check_kept(const codec::StoredEvent& event, const codec::EcsEvent& whole,
                std::string_view body) {
  check((whole.repaired || event.raw == body) && event.id == whole.id,
        "an event of another type is kept whole");
  check(event.cluster.empty() || parse_cluster_arn(event.cluster), "its cluster is one or none");
  const auto read = codec::decode_stored_event(codec::encode_stored_event(event));
  check(read.has_value(), "an event that was kept can be read back");
  check(read->id == event.id && read->detail_type == event.detail_type &&
            read->cluster == event.cluster && read->time == event.time,
        "an event that was kept is read back");
}

void check_wrapped(std::string_view body) {
  const MemoryBound bound{body};
  const auto members = codec::decode_wrapped_events(body);
  check(members.size() <= 1 + std::max(codec::kMembersMin, body.size() / codec::kMemberBytes),
        "a message has not more members than fit into it, and one that says so");
  for (const codec::WrappedEvent& member : members) {
    check_error(member.event);
    check(member.body.size() <= body.size(), "a member is a part of the message");
    if (!member.event) continue;
    const auto alone = decode_ecs_event(member.body);
    check(alone && alone->id == member.event->id, "a member is an event by itself");
  }
}

void run(std::string_view body) {
  check_wrapped(body);
  const MemoryBound bound{body};
  const auto event = decode_ecs_event(body);
  check_error(event);
  if (!event) return;
  check(!event->id.empty(), "an event has an id");
  check_time(event->time);
  if (const auto* task = std::get_if<TaskReport>(&event->what))
    check_report(*task, event->repaired, body);
  if (const auto* instance = std::get_if<InstanceReport>(&event->what))
    check_report(*instance, event->repaired, body);
  if (const auto* kept = std::get_if<codec::StoredEvent>(&event->what)) {
    check_kept(*kept, *event, body);
  }
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blox::fuzz::run(blox::fuzz::as_text(data, size));
  return 0;
}
