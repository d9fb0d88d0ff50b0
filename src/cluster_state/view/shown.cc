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

ShownPtr make_shown(codec::EntityVersion version, const codec::StoredTask& task) {
  auto entry = make_common(version, task.object);
  entry->status = format(task.object.last_status);
  entry->started_by = task.object.started_by;
  return entry;
}

ShownPtr make_shown(codec::EntityVersion version, const codec::StoredInstance& instance) {
  auto entry = make_common(version, instance.object);
  entry->status = format(instance.object.status);
  entry->told_at = instance.told_at;
  return entry;
}

}  // namespace blox::cluster_state
