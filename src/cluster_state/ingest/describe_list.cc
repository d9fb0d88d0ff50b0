#include "cluster_state/ingest/describe_list.h"

namespace blox::cluster_state {

void DescribeList::add(ClusterArn cluster, ObjectName object) {
  if (objects_.size() >= objects_max_) {
    overflowed_.insert(std::move(cluster));
  } else {
    objects_.emplace(std::move(cluster), std::move(object));
  }
  changed_.notify_all();
}

void DescribeList::add_unread(const ClusterArn& cluster) {
  if (unread_.insert(cluster).second) changed_.notify_all();
}

}  // namespace blox::cluster_state
