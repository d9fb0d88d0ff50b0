// Encoding by appending text, not by building trees: each change of an object comes through here.
#include <algorithm>
#include <array>
#include <charconv>

#include "codec/api_objects.h"
#include "codec/holes_json.h"
#include "codec/json_write.h"

namespace blox::codec {
namespace {

using internal::append_json_text;

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

// Writes the members of one JSON object. `name` is plain ASCII that needs no escape.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  /// Goes on with an object that has members already.
  static Members after(std::string& out) {
    Members members{out, false};
    return members;
  }
  void end() { out_ += '}'; }

  std::string& name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return out_;
  }
  void text(std::string_view member, std::string_view value) {
    append_json_text(name(member), value);
  }
  void optional_text(std::string_view member, std::string_view value) {
    if (!value.empty()) text(member, value);
  }
  void integer(std::string_view member, std::int64_t value) { append_integer(name(member), value); }
  void version(EntityVersion value) {
    name("entityVersion") += '"';
    append_integer(out_, value);
    out_ += '"';
  }

 private:
  Members(std::string& out, bool first) : out_(out), first_(first) {}
  std::string& out_;
  bool first_ = true;
};

template <class Items, class Append>
void append_array(std::string& out, const Items& items, Append append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(out, item);
  }
  out += ']';
}

void append_named_value(std::string& out, std::string_view name, std::string_view value) {
  Members members{out};
  members.text("name", name);
  members.text("value", value);
  members.end();
}

void append_binding(std::string& out, const NetworkBinding& binding) {
  Members members{out};
  members.text("bindIP", binding.bind_ip);
  members.integer("containerPort", binding.container_port);
  members.integer("hostPort", binding.host_port);
  members.optional_text("protocol", binding.protocol);
  members.end();
}

void append_container(std::string& out, const Container& container) {
  Members members{out};
  members.text("containerARN", container.arn);
  if (container.exit_code) members.integer("exitCode", *container.exit_code);
  members.text("lastStatus", container.last_status);
  members.text("name", container.name);
  if (!container.network_bindings.empty()) {
    append_array(members.name("networkBindings"), container.network_bindings, append_binding);
  }
  members.optional_text("reason", container.reason);
  members.end();
}

void append_override(std::string& out, const ContainerOverride& container) {
  Members members{out};
  if (!container.command.empty()) {
    append_array(members.name("command"), container.command,
                 [](std::string& to, const std::string& word) { append_json_text(to, word); });
  }
  if (!container.environment.empty()) {
    append_array(members.name("environment"), container.environment,
                 [](std::string& to, const auto& variable) {
                   append_named_value(to, variable.first, variable.second);
                 });
  }
  members.text("name", container.name);
  members.end();
}

void append_overrides(std::string& out, const Task& task) {
  Members members{out};
  append_array(members.name("containerOverrides"), task.container_overrides, append_override);
  members.optional_text("taskRoleArn", task.task_role_arn);
  members.end();
}

void append_entity(std::string& out, const Task& task) {
  Members members{out};
  members.text("clusterARN", task.cluster.value);
  members.text("containerInstanceARN",
               task.container_instance ? std::string_view{task.container_instance->value} : "");
  append_array(members.name("containers"), task.containers, append_container);
  members.text("createdAt", task.created_at);
  members.text("desiredStatus", format(task.desired_status));
  members.optional_text("group", task.group);
  members.optional_text("healthStatus", task.health_status);
  members.text("lastStatus", format(task.last_status));
  append_overrides(members.name("overrides"), task);
  members.optional_text("startedAt", task.started_at);
  members.optional_text("startedBy", task.started_by);
  members.optional_text("stopCode", task.stop_code);
  members.optional_text("stoppedAt", task.stopped_at);
  members.optional_text("stoppedReason", task.stopped_reason);
  members.text("taskARN", task.arn.value);
  members.text("taskDefinitionARN", task.task_definition.value);
  members.end();
}

void append_resource(std::string& out, const Resource& resource) {
  Members members{out};
  members.text("name", resource.name);
  members.text("type", resource.type);
  members.text("value", resource.value);
  members.end();
}

void append_entity(std::string& out, const ContainerInstance& instance) {
  Members members{out};
  members.optional_text("EC2InstanceID", instance.ec2_instance_id);
  members.name("agentConnected") += instance.agent_connected ? "true" : "false";
  members.optional_text("agentUpdateStatus", instance.agent_update_status);
  if (!instance.attributes.empty()) {
    append_array(members.name("attributes"), instance.attributes,
                 [](std::string& to, const Attribute& attribute) {
                   append_named_value(to, attribute.name, attribute.value);
                 });
  }
  members.text("clusterARN", instance.cluster.value);
  members.text("containerInstanceARN", instance.arn.value);
  members.optional_text("registeredAt", instance.registered_at);
  append_array(members.name("registeredResources"), instance.registered_resources, append_resource);
  append_array(members.name("remainingResources"), instance.remaining_resources, append_resource);
  members.text("status", format(instance.status));
  Members versions{members.name("versionInfo")};
  versions.optional_text("agentHash", instance.agent_hash);
  versions.optional_text("agentVersion", instance.agent_version);
  versions.optional_text("dockerVersion", instance.docker_version);
  versions.end();
  members.end();
}

template <class Object>
std::string encode(EntityVersion version, const Object& object) {
  std::string out;
  out.reserve(1024);
  Members wrapper{out};
  Members metadata{wrapper.name("metadata")};
  metadata.version(version);
  metadata.end();
  append_entity(wrapper.name("entity"), object);
  wrapper.end();
  return out;
}

std::string encode_deletion(EntityVersion version, std::string_view arn_name, std::string_view arn,
                            const ClusterArn& cluster) {
  std::string out;
  Members wrapper{out};
  Members metadata{wrapper.name("metadata")};
  metadata.version(version);
  metadata.text("type", "deleted");
  metadata.end();
  Members entity{wrapper.name("entity")};
  entity.text("clusterARN", cluster.value);
  entity.text(arn_name, arn);
  entity.end();
  wrapper.end();
  return out;
}

// An age as it is told: no reader is to meet one that it does not take.
std::int64_t told_milliseconds(Duration age) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(age);
  return std::clamp(milliseconds, std::chrono::milliseconds{}, kAgeMax).count();
}

// All but the version, behind it.
void append_rest(std::string& out, const Bookmark& bookmark) {
  Members members = Members::after(out);
  members.text("storeId", bookmark.store_id);
  if (bookmark.receive_age) {
    members.integer("receiveAgeMilliseconds", told_milliseconds(*bookmark.receive_age));
  }
  Members synced_at{members.name("syncedAt")};
  for (const auto& [cluster, time] : bookmark.synced_at) {
    synced_at.text(cluster.value, format_time(time));  // Names of ECS's clusters need no escape.
  }
  synced_at.end();
  if (!bookmark.sync_ages.empty()) {
    Members ages{members.name("syncAgeMilliseconds")};
    for (const auto& [cluster, age] : bookmark.sync_ages) {
      ages.integer(cluster.value, told_milliseconds(age));
    }
    ages.end();
  }
  members.optional_text("epoch", bookmark.epoch);
  if (!bookmark.unconfirmed.empty()) {
    append_array(
        members.name("unconfirmed"), bookmark.unconfirmed,
        [](std::string& to, const ClusterArn& cluster) { append_json_text(to, cluster.value); });
  }
  if (!bookmark.holes.empty()) {
    Members holes{members.name("holes")};
    for (const auto& [cluster, of_cluster] : bookmark.holes) {
      internal::append_holes(holes.name(cluster.value), of_cluster);
    }
    holes.end();
  }
  members.end();
}

}  // namespace

std::string encode_object(EntityVersion version, const Task& task) { return encode(version, task); }
std::string encode_object(EntityVersion version, const ContainerInstance& instance) {
  return encode(version, instance);
}

std::string encode_aged_begin(Duration age) {
  std::string out{kObjectBegin};
  out += R"("ageMilliseconds":)";
  append_integer(out, std::chrono::ceil<std::chrono::milliseconds>(age).count());
  out += ',';
  return out;
}

std::string encode_deleted(EntityVersion version, const TaskArn& arn, const ClusterArn& cluster) {
  return encode_deletion(version, "taskARN", arn.value, cluster);
}
std::string encode_deleted(EntityVersion version, const ContainerInstanceArn& arn,
                           const ClusterArn& cluster) {
  return encode_deletion(version, "containerInstanceARN", arn.value, cluster);
}

std::string encode_bookmark(const Bookmark& bookmark) {
  std::string out;
  Members{out}.version(bookmark.entity_version);
  append_rest(out, bookmark);
  return out;
}

std::string encode_bookmark_line(const Bookmark& bookmark) {
  std::string line = encode_bookmark_head(bookmark.entity_version) + encode_bookmark_rest(bookmark);
  line.pop_back();
  return line;
}

std::string encode_bookmark_head(EntityVersion version) {
  std::string out;
  Members wrapper{out};
  Members metadata{wrapper.name("metadata")};
  metadata.version(version);
  metadata.text("type", "bookmark");
  return out;
}

std::string encode_bookmark_rest(const Bookmark& bookmark) {
  std::string out;
  append_rest(out, bookmark);
  out += "}\n";
  return out;
}

std::string encode_compacted_line(EntityVersion version) {
  std::string out;
  Members wrapper{out};
  Members metadata{wrapper.name("metadata")};
  metadata.version(version);
  metadata.text("type", "compacted");
  metadata.end();
  wrapper.end();
  return out;
}

}  // namespace blox::codec
