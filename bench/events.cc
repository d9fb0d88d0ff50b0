#include "events.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace blox::bench {
namespace {

constexpr const char* kArnStart = "arn:aws:ecs:us-east-1:123456789012:";

std::string id_of(std::uint64_t number) { return fmt::format("{:032x}", number); }

// Requires: `detail` is a JSON object.
std::string envelope(std::string_view type, std::string_view resource, WallTime sent_at,
                     std::uint64_t id, std::string_view detail) {
  return fmt::format(
      R"({{"version":"0","id":"00000000-0000-4000-8000-{:012x}","detail-type":"{}",)"
      R"("source":"aws.ecs","account":"123456789012","time":"{}","region":"us-east-1",)"
      R"("resources":["{}"],"detail":{}}})",
      id, type, format_time(sent_at), resource, detail);
}

}  // namespace

std::string cluster_arn() { return fmt::format("{}cluster/{}", kArnStart, kCluster); }

std::string task_arn(std::uint64_t task) {
  return fmt::format("{}task/{}/{}", kArnStart, kCluster, id_of(task));
}

std::string instance_arn(std::uint64_t instance) {
  return fmt::format("{}container-instance/{}/{}", kArnStart, kCluster, id_of(instance));
}

std::string make_task_event(std::uint64_t task, std::uint64_t instance, std::int64_t version,
                            std::uint64_t mark, WallTime sent_at) {
  const std::string arn = task_arn(task);
  const std::string time = format_time(sent_at);
  const std::string detail = fmt::format(
      R"({{"attachments":[],"attributes":[{{"name":"ecs.cpu-architecture","value":"x86_64"}}],)"
      R"("availabilityZone":"us-east-1b","clusterArn":"{cluster}","connectivity":"CONNECTED",)"
      R"("connectivityAt":"{time}","containerInstanceArn":"{instance}","containers":[{{)"
      R"("containerArn":"{start}container/{name}/{id}/0d6f3f7e-8b1c-4a0e-a3a5-55d3c1f0e9b7",)"
      R"("lastStatus":"RUNNING","name":"shipper","image":"registry.example.com/shipper:1.4",)"
      R"("imageDigest":"sha256:5f0c6f2a9d3e4b1c8a7f6e5d4c3b2a190f8e7d6c5b4a39281706f5e4d3c2b1a0",)"
      R"("runtimeId":"d0c1b2a3f4e5d6c7b8a9-{id}","taskArn":"{task}","networkBindings":[{{)"
      R"("bindIP":"0.0.0.0","containerPort":5140,"hostPort":32771,"protocol":"udp"}}],)"
      R"("networkInterfaces":[],"cpu":"64","memory":"64"}}],"cpu":"128","createdAt":"{time}",)"
      R"("desiredStatus":"RUNNING","enableExecuteCommand":false,"group":"service:shipper",)"
      R"("launchType":"EC2","lastStatus":"RUNNING","memory":"64","overrides":{{)"
      R"("containerOverrides":[{{"name":"shipper","environment":[{{"name":"{mark_name}",)"
      R"("value":"{mark}"}}]}}]}},"pullStartedAt":"{time}","pullStoppedAt":"{time}",)"
      R"("startedAt":"{time}","startedBy":"ecs-svc/1234567890123456789","taskArn":"{task}",)"
      R"("taskDefinitionArn":"{start}task-definition/shipper:7","updatedAt":"{time}",)"
      R"("version":{version}}})",
      fmt::arg("cluster", cluster_arn()), fmt::arg("time", time),
      fmt::arg("instance", instance_arn(instance)), fmt::arg("start", kArnStart),
      fmt::arg("name", kCluster), fmt::arg("id", id_of(task)), fmt::arg("task", arn),
      fmt::arg("mark_name", kMark), fmt::arg("mark", mark), fmt::arg("version", version));
  return envelope("ECS Task State Change", arn, sent_at, mark, detail);
}

std::string make_instance_event(std::uint64_t instance, std::int64_t version, WallTime sent_at) {
  const std::string arn = instance_arn(instance);
  const std::string resources = R"([{"name":"CPU","type":"INTEGER","integerValue":4096},)"
                                R"({"name":"MEMORY","type":"INTEGER","integerValue":7680}])";
  const std::string detail = fmt::format(
      R"({{"agentConnected":true,"attributes":[{{"name":"ecs.instance-type","value":"m5.large"}}],)"
      R"("clusterArn":"{}","containerInstanceArn":"{}","ec2InstanceId":"i-{:017x}",)"
      R"("registeredResources":{},"remainingResources":{},"status":"ACTIVE","version":{},)"
      R"("versionInfo":{{"agentHash":"4023248","agentVersion":"1.68.0","dockerVersion":"20.10"}},)"
      R"("updatedAt":"{}"}})",
      cluster_arn(), arn, instance, resources, resources, version, format_time(sent_at));
  return envelope("ECS Container Instance State Change", arn, sent_at, instance, detail);
}

std::int64_t find_mark(std::string_view text) {
  auto place = text.find(kMark);
  if (place == std::string_view::npos) return -1;
  static constexpr std::string_view kValue = "\"value\":\"";
  place = text.find(kValue, place);
  if (place == std::string_view::npos) return -1;
  text.remove_prefix(place + kValue.size());
  std::int64_t mark = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), mark);
  return parsed.ec == std::errc{} ? mark : -1;
}

}  // namespace blox::bench
