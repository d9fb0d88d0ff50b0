#include "cluster_state/view/shown.h"

namespace blox::cluster_state {
namespace {

template <class Object>
std::shared_ptr<Shown> make_common(codec::EntityVersion version, const Object& object) {
  auto entry = std::make_shared<Shown>();
  entry->version = version;
  entry->arn = object.arn.value;
  entry->cluster_arn = object.cluster.value;
  entry->cluster_name = cluster_name(object.cluster);
  const std::string encoded = codec::encode_object(version, object);
  entry->bytes.reserve(encoded.size() + 2);  // Exactly: the view keeps it for long.
  entry->bytes += ',';
  entry->bytes += encoded;
  entry->bytes += '\n';
  return entry;
}

}  // namespace

ShownPtr make_shown(codec::EntityVersion version, const Task& task) {
  auto entry = make_common(version, task);
  entry->status = format(task.last_status);
  entry->started_by = task.started_by;
  return entry;
}

ShownPtr make_shown(codec::EntityVersion version, const ContainerInstance& instance) {
  auto entry = make_common(version, instance);
  entry->status = format(instance.status);
  return entry;
}

}  // namespace blox::cluster_state
