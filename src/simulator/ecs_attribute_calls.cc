// PutAttributes, DeleteAttributes, ListAttributes.
#include <map>
#include <optional>

#include "simulator/ecs_attributes.h"
#include "simulator/ecs_calls.h"
#include "simulator/paging.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

// Source: botocore's model of ECS and its service quotas.
constexpr std::size_t kTextMax = 128;
constexpr std::size_t kAttributesMax = 100;
constexpr std::size_t kUpdateMax = 10;

struct Change {
  Instance* instance = nullptr;
  std::string name;
  std::string value;
};

// Every entry is checked before any is applied.
Outcome<std::vector<Change>> read_changes(Simulator& simulator, JsonInput& input) {
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  std::vector<Change> changes;
  for (const json::object* entry : input.objects("attributes", kUpdateMax)) {
    JsonInput attribute = input.within(*entry, "attributes");
    Change change;
    change.name = attribute.needed_text("name");
    change.value = attribute.text("value");
    const std::string target = attribute.needed_text("targetId");
    attribute.one_of("targetType", {"container-instance"});
    if (change.name.size() > kTextMax || change.value.size() > kTextMax) {
      attribute.reject("name", json::value(change.name),
                       "an attribute whose name and value have up to 128 characters");
    }
    input.take_error(attribute);
    if (input.failed()) return input.error();
    change.instance = simulator.world.find_instance(**cluster, target);
    if (change.instance == nullptr ||
        change.instance->present().status == InstanceStatusKind::kInactive) {
      return refuse("TargetNotFoundException", "targetId: '" + target + "' was not found.");
    }
    changes.push_back(std::move(change));
  }
  if (input.failed()) return input.error();
  return changes;
}

json::object show(const Change& change) {
  json::object shown{{"name", change.name},
                     {"targetType", "container-instance"},
                     {"targetId", change.instance->arn}};
  if (!change.value.empty()) shown["value"] = change.value;
  return shown;
}

}  // namespace

Attributes read_attributes(JsonInput& input) {
  Attributes attributes;
  for (const json::object* entry : input.objects("attributes", kAttributesMax)) {
    JsonInput attribute = input.within(*entry, "attributes");
    const std::string name = attribute.needed_text("name");
    const std::string value = attribute.text("value");
    if (name.size() > kTextMax || value.size() > kTextMax) {
      attribute.reject("name", json::value(name),
                       "an attribute whose name and value have up to 128 characters");
    }
    input.take_error(attribute);
    attributes[name] = value;
  }
  return attributes;
}

Outcome<json::object> put_attributes(Simulator& simulator, JsonInput& input) {
  const auto changes = read_changes(simulator, input);
  if (!changes) return std::unexpected(changes.error());
  json::array shown;
  for (const Change& change : *changes) {
    InstanceState state = change.instance->present();
    state.attributes[change.name] = change.value;
    simulator.world.change(*change.instance, std::move(state));
    shown.push_back(show(change));
  }
  return json::object{{"attributes", std::move(shown)}};
}

Outcome<json::object> delete_attributes(Simulator& simulator, JsonInput& input) {
  const auto changes = read_changes(simulator, input);
  if (!changes) return std::unexpected(changes.error());
  json::array shown;
  for (const Change& change : *changes) {
    InstanceState state = change.instance->present();
    if (state.attributes.erase(change.name) == 0) continue;
    simulator.world.change(*change.instance, std::move(state));
    shown.push_back(show(change));
  }
  return json::object{{"attributes", std::move(shown)}};
}

Outcome<json::object> list_attributes(Simulator& simulator, JsonInput& input) {
  const std::string name = input.text("attributeName");
  const std::string value = input.text("attributeValue");
  input.needed_text("targetType");
  input.one_of("targetType", {"container-instance"});
  if (!value.empty() && name.empty()) {
    input.reject("attributeValue", json::value(value), "of use without an attributeName");
  }
  const PageRequest page = read_page(input, "attributes");
  if (input.failed()) return input.error();
  const auto cluster = get_cluster(simulator, input);
  if (!cluster) return std::unexpected(cluster.error());
  std::map<std::string, Change> all;
  for (const auto& [id, instance] : (*cluster)->instances) {
    if (instance->present().status == InstanceStatusKind::kInactive) continue;
    for (const auto& [key, text] : instance->present().attributes) {
      const bool wanted = (name.empty() || name == key) && (value.empty() || value == text);
      if (wanted) all.emplace(id + "/" + key, Change{instance, key, text});
    }
  }
  return make_page(page, all, [](const std::string&, const Change& change) {
    return std::optional<json::value>{show(change)};
  });
}

}  // namespace blox::simulator
