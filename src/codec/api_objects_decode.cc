// Decoding what the API sends, for clients. Demands what they decide by; the rest may be absent.
#include <algorithm>
#include <charconv>

#include "base/bounded_text.h"
#include "base/text.h"
#include "codec/api_objects.h"
#include "codec/holes_json.h"
#include "codec/json_read.h"

namespace blox::codec {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

Result<object> get_object(object from, std::string_view name) {
  object found;
  if (from.at_key(name).get(found)) return invalid(std::string{name} + " is not an object");
  return found;
}

Result<std::string> get_text(object from, std::string_view name) {
  const auto text = internal::find_text(from, name);
  if (!text) return invalid(std::string{name} + " is not a text");
  return std::string{*text};
}

Result<EntityVersion> get_version(object from) {
  const auto text = internal::find_text(from, "entityVersion");
  EntityVersion version = 0;
  if (text && !text->empty()) {
    const auto* end = text->data() + text->size();
    const auto parsed = std::from_chars(text->data(), end, version);
    if (parsed.ec == std::errc{} && parsed.ptr == end && version >= 0) return version;
  }
  return invalid("entityVersion is not the text of a number >= 0");
}

// An object as errors name it.
std::string named(std::string_view kind, std::string_view arn) {
  constexpr std::size_t kArnBytesMax = 300;
  return std::string{kind} + " " + escape_control(cut(arn, kArnBytesMax));
}

std::optional<Duration> find_age(std::int64_t milliseconds) {
  if (milliseconds < 0 || milliseconds > kAgeMax.count()) return std::nullopt;
  return std::chrono::milliseconds{milliseconds};
}

// The age that a bookmark tells, brought into its bounds: of a whole picture one age that cannot be
// says no more than that. None for what is no number.
std::optional<Duration> read_clamped_age(simdjson::dom::element value) {
  double milliseconds = 0;
  if (!value.is_number() || value.get(milliseconds)) return std::nullopt;
  const auto most = static_cast<double>(kAgeMax.count());
  const auto within = static_cast<std::int64_t>(std::clamp(milliseconds, 0.0, most));
  return std::chrono::milliseconds{within};
}

std::int64_t integer_or_zero(object from, std::string_view name) {
  return internal::find_integer(from, name).value_or(0);
}

Container read_container(object from) {
  Container container;
  container.arn = internal::text_or_empty(from, "containerARN");
  container.name = internal::text_or_empty(from, "name");
  container.last_status = internal::text_or_empty(from, "lastStatus");
  container.exit_code = internal::find_integer(from, "exitCode");
  container.reason = internal::text_or_empty(from, "reason");
  internal::for_each<object>(from, "networkBindings", [&](object binding) {
    container.network_bindings.push_back(
        {.bind_ip = internal::text_or_empty(binding, "bindIP"),
         .container_port = integer_or_zero(binding, "containerPort"),
         .host_port = integer_or_zero(binding, "hostPort"),
         .protocol = internal::text_or_empty(binding, "protocol")});
  });
  return container;
}

ContainerOverride read_override(object from) {
  ContainerOverride container;
  container.name = internal::text_or_empty(from, "name");
  internal::for_each<std::string_view>(
      from, "command", [&](std::string_view word) { container.command.emplace_back(word); });
  internal::for_each<object>(from, "environment", [&](object variable) {
    container.environment.emplace_back(internal::text_or_empty(variable, "name"),
                                       internal::text_or_empty(variable, "value"));
  });
  return container;
}

/// Of a deletion: ARN and cluster alone.
Status read_names(object entity, Task& task) {
  auto arn = get_text(entity, "taskARN");
  if (!arn) return arn.error_in("task");
  auto cluster = get_text(entity, "clusterARN");
  if (!cluster) return cluster.error_in(named("task", *arn));
  task.arn.value = *std::move(arn);
  task.cluster.value = *std::move(cluster);
  return done();
}

Status read_names(object entity, ContainerInstance& instance) {
  auto arn = get_text(entity, "containerInstanceARN");
  if (!arn) return arn.error_in("instance");
  auto cluster = get_text(entity, "clusterARN");
  if (!cluster) return cluster.error_in(named("instance", *arn));
  instance.arn.value = *std::move(arn);
  instance.cluster.value = *std::move(cluster);
  return done();
}

Status read_entity(object entity, Task& task) {
  if (auto names = read_names(entity, task); !names) return names;
  for (const auto& [name, status] : {std::pair{"lastStatus", &task.last_status},
                                     std::pair{"desiredStatus", &task.desired_status}}) {
    const auto text = get_text(entity, name);
    if (!text) return text.error_in(named("task", task.arn.value));
    *status = make_task_status(*text);
  }
  const auto text = [&](std::string_view name) { return internal::text_or_empty(entity, name); };
  if (auto instance = text("containerInstanceARN"); !instance.empty()) {
    task.container_instance.emplace(std::move(instance));
  }
  task.task_definition.value = text("taskDefinitionARN");
  task.started_by = text("startedBy");
  task.group = text("group");
  task.created_at = text("createdAt");
  task.started_at = text("startedAt");
  task.stopped_at = text("stoppedAt");
  task.stopped_reason = text("stoppedReason");
  task.stop_code = text("stopCode");
  task.health_status = text("healthStatus");
  internal::for_each<object>(entity, "containers",
                             [&](object from) { task.containers.push_back(read_container(from)); });
  if (const auto overrides = get_object(entity, "overrides")) {
    task.task_role_arn = internal::text_or_empty(*overrides, "taskRoleArn");
    internal::for_each<object>(*overrides, "containerOverrides", [&](object from) {
      task.container_overrides.push_back(read_override(from));
    });
  }
  return done();
}

std::vector<Resource> read_resources(object entity, std::string_view name) {
  std::vector<Resource> resources;
  internal::for_each<object>(entity, name, [&](object from) {
    resources.push_back({.name = internal::text_or_empty(from, "name"),
                         .type = internal::text_or_empty(from, "type"),
                         .value = internal::text_or_empty(from, "value")});
  });
  return resources;
}

Status read_entity(object entity, ContainerInstance& instance) {
  if (auto names = read_names(entity, instance); !names) return names;
  const auto status = get_text(entity, "status");
  if (!status) return status.error_in(named("instance", instance.arn.value));
  instance.status = make_instance_status(*status);
  if (entity.at_key("agentConnected").get(instance.agent_connected)) {
    return invalid(named("instance", instance.arn.value) + ": agentConnected is not true or false");
  }
  instance.agent_update_status = internal::text_or_empty(entity, "agentUpdateStatus");
  instance.ec2_instance_id = internal::text_or_empty(entity, "EC2InstanceID");
  instance.registered_at = internal::text_or_empty(entity, "registeredAt");
  internal::for_each<object>(entity, "attributes", [&](object from) {
    instance.attributes.push_back({.name = internal::text_or_empty(from, "name"),
                                   .value = internal::text_or_empty(from, "value")});
  });
  instance.registered_resources = read_resources(entity, "registeredResources");
  instance.remaining_resources = read_resources(entity, "remainingResources");
  if (const auto versions = get_object(entity, "versionInfo")) {
    instance.agent_hash = internal::text_or_empty(*versions, "agentHash");
    instance.agent_version = internal::text_or_empty(*versions, "agentVersion");
    instance.docker_version = internal::text_or_empty(*versions, "dockerVersion");
  }
  return done();
}

// What a service tells of its own opening of the store; an older one tells nothing of it.
Status read_epoch(object from, Bookmark& bookmark) {
  bookmark.epoch = internal::text_or_empty(from, "epoch");
  if (const auto ages = get_object(from, "syncAgeMilliseconds")) {
    for (const auto& [cluster, value] : *ages) {
      const auto age = read_clamped_age(value);
      if (!age) return invalid("bookmark: syncAgeMilliseconds holds what is not a number");
      bookmark.sync_ages.emplace(std::string{cluster}, *age);
    }
  }
  simdjson::dom::array unconfirmed;
  if (from.at_key("unconfirmed").get(unconfirmed)) return done();
  for (const auto& value : unconfirmed) {
    std::string_view cluster;
    if (value.get(cluster)) return invalid("bookmark: unconfirmed holds what is not a text");
    bookmark.unconfirmed.emplace(std::string{cluster});
  }
  return done();
}

// What the reads behind the marks left out.
Status read_cluster_holes(object from, Bookmark& bookmark) {
  const auto all = get_object(from, "holes");
  if (!all) return done();
  for (const auto& [cluster, value] : *all) {
    object inner;
    if (value.get(inner)) return invalid("bookmark: holes holds what is not an object");
    auto holes = internal::read_holes(inner);
    if (!holes) return holes.error_in("bookmark");
    bookmark.holes.emplace(std::string{cluster}, *std::move(holes));
  }
  return done();
}

Result<Bookmark> read_bookmark(object from) {
  Bookmark bookmark;
  const auto version = get_version(from);
  if (!version) return version.error_in("bookmark");
  bookmark.entity_version = *version;
  auto store_id = get_text(from, "storeId");
  if (!store_id) return store_id.error_in("bookmark");
  bookmark.store_id = *std::move(store_id);
  const auto synced_at = get_object(from, "syncedAt");
  if (!synced_at) return synced_at.error_in("bookmark");
  for (const auto& [cluster, time] : *synced_at) {
    std::string_view text;
    if (time.get(text)) return invalid("bookmark: syncedAt holds what is not a text");
    const auto parsed = parse_time(text);
    if (!parsed) return parsed.error_in("bookmark: syncedAt");
    bookmark.synced_at.emplace(std::string{cluster}, *parsed);
  }
  if (const Status read = read_epoch(from, bookmark); !read) return std::unexpected(read.error());
  if (const Status read = read_cluster_holes(from, bookmark); !read) {
    return std::unexpected(read.error());
  }
  simdjson::dom::element age;
  if (!from.at_key("receiveAgeMilliseconds").get(age)) bookmark.receive_age = read_clamped_age(age);
  return bookmark;
}

template <class Object>
Result<Versioned<Object>> read_wrapper(object wrapper) {
  const auto metadata = get_object(wrapper, "metadata");
  if (!metadata) return metadata.error_in("API object");
  const auto version = get_version(*metadata);
  if (!version) return version.error_in("API object");
  const auto entity = get_object(wrapper, "entity");
  if (!entity) return entity.error_in("API object");
  Versioned<Object> read{.entity_version = *version, .object = {}};
  if (const auto status = read_entity(*entity, read.object); !status) {
    return status.error_in("API object");
  }
  return read;
}

}  // namespace

template <class Object>
Result<Versioned<Object>> decode_object(std::string_view json) {
  const auto wrapper = internal::reader().hold(json).parse();
  if (!wrapper) return wrapper.error_in("API object");
  return read_wrapper<Object>(*wrapper);
}

template <class Object>
Result<Listing<Object>> decode_list(std::string_view json) {
  internal::JsonReader reader;  // Not the thread's: lists are large, and its buffers would stay so.
  const auto root = reader.hold(json).parse();
  if (!root) return root.error_in("API list");
  array items;
  if (root->at_key("items").get(items)) return invalid("API list: items is not an array");
  Listing<Object> listing;
  listing.items.reserve(items.size());
  for (const element item : items) {
    object wrapper;
    if (item.get(wrapper)) return invalid("API list: an item is not an object");
    auto read = read_wrapper<Object>(wrapper);
    if (!read) return read.error_in("API list");
    listing.items.push_back(*std::move(read));
  }
  object mark;
  if (root->at_key("bookmark").get(mark)) return listing;
  auto bookmark = read_bookmark(mark);
  if (!bookmark) return bookmark.error_in("API list");
  listing.bookmark = *std::move(bookmark);
  return listing;
}

template <class Object>
Result<Change<Object>> decode_change(std::string_view line) {
  const auto wrapper = internal::reader().hold(line).parse();
  if (!wrapper) return wrapper.error_in("stream line");
  const auto metadata = get_object(*wrapper, "metadata");
  if (!metadata) return metadata.error_in("stream line");
  const auto version = get_version(*metadata);
  if (!version) return version.error_in("stream line");
  Change<Object> change;
  change.entry.entity_version = *version;
  const auto type = internal::find_text(*metadata, "type").value_or("");
  if (type == "compacted") {
    return fail(ErrorKind::kCompacted,
                "the stream ended: changes after " + std::to_string(*version) + " are gone");
  }
  if (type == "bookmark") {
    change.kind = ChangeKind::kBookmark;
    auto bookmark = read_bookmark(*metadata);
    if (!bookmark) return bookmark.error_in("stream line");
    change.bookmark = *std::move(bookmark);
    return change;
  }
  const auto entity = get_object(*wrapper, "entity");
  if (!entity) return entity.error_in("stream line");
  if (type == "deleted") change.kind = ChangeKind::kDeleted;
  const auto read = change.kind == ChangeKind::kDeleted ? read_names(*entity, change.entry.object)
                                                        : read_entity(*entity, change.entry.object);
  if (!read) return read.error_in("stream line");
  if (change.kind != ChangeKind::kPut) return change;
  // It comes from a time that somebody else wrote: no reason to go without the object.
  if (const auto milliseconds = internal::find_integer(*metadata, "ageMilliseconds")) {
    change.entry.age = find_age(*milliseconds);
  }
  return change;
}

template Result<Versioned<Task>> decode_object(std::string_view);
template Result<Versioned<ContainerInstance>> decode_object(std::string_view);
template Result<Listing<Task>> decode_list(std::string_view);
template Result<Listing<ContainerInstance>> decode_list(std::string_view);
template Result<Change<Task>> decode_change(std::string_view);
template Result<Change<ContainerInstance>> decode_change(std::string_view);

}  // namespace blox::codec
