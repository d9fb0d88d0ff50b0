#include "simulator/throttle.h"

#include <algorithm>

namespace blox::simulator {
namespace {

struct Rate {
  double burst;
  double per_second;
};

// Source: API reference, "Request throttling". In the order of CallClass.
constexpr Rate kRates[] = {{100, 40}, {100, 20}, {20, 1}, {50, 20}, {20, 1}, {50, 20}, {200, 120}};

struct Row {
  std::string_view operation;
  CallClass call;
};
constexpr Row kRows[] = {
    {"StartTask", CallClass::kClusterResourceModify},
    {"StopTask", CallClass::kClusterResourceModify},
    {"RunTask", CallClass::kClusterResourceModify},
    {"PutAttributes", CallClass::kClusterResourceModify},
    {"DeleteAttributes", CallClass::kClusterResourceModify},
    {"DeregisterContainerInstance", CallClass::kClusterResourceModify},
    {"UpdateContainerInstancesState", CallClass::kClusterResourceModify},
    {"DescribeTasks", CallClass::kClusterResourceRead},
    {"DescribeContainerInstances", CallClass::kClusterResourceRead},
    {"ListTasks", CallClass::kClusterResourceRead},
    {"ListContainerInstances", CallClass::kClusterResourceRead},
    {"ListAttributes", CallClass::kClusterResourceRead},
    {"CreateCluster", CallClass::kClusterModify},
    {"DeleteCluster", CallClass::kClusterModify},
    {"DescribeClusters", CallClass::kClusterRead},
    {"ListClusters", CallClass::kClusterRead},
    {"RegisterTaskDefinition", CallClass::kTaskDefinitionModify},
    {"DeregisterTaskDefinition", CallClass::kTaskDefinitionModify},
    {"DescribeTaskDefinition", CallClass::kTaskDefinitionRead},
    {"ListTaskDefinitions", CallClass::kTaskDefinitionRead},
    {"ListTaskDefinitionFamilies", CallClass::kTaskDefinitionRead},
    {"RegisterContainerInstance", CallClass::kAgentModify},
};

}  // namespace

CallClass class_of(std::string_view operation) {
  const auto* row = std::ranges::find(kRows, operation, &Row::operation);
  return row == std::end(kRows) ? CallClass::kUnlimited : row->call;
}

Throttle::Throttle(Executor& executor) : executor_(executor) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i] = Bucket{kRates[i].burst, executor.now()};
  }
}

// The bucket as it stands now. Requires: not kUnlimited.
Throttle::Bucket& Throttle::fill(CallClass call) {
  const auto index = static_cast<std::size_t>(call);
  Bucket& bucket = buckets_[index];
  const std::chrono::duration<double> passed = executor_.now() - bucket.filled_at;
  const Rate& rate = kRates[index];
  bucket.tokens = std::min(rate.burst, bucket.tokens + passed.count() * rate.per_second);
  bucket.filled_at = executor_.now();
  return bucket;
}

bool Throttle::take(CallClass call) {
  if (call == CallClass::kUnlimited) return true;
  Bucket& bucket = fill(call);
  if (bucket.tokens < 1) {
    ++refused_count_;
    return false;
  }
  bucket.tokens -= 1;
  return true;
}

void Throttle::drain(CallClass call) {
  if (call != CallClass::kUnlimited) fill(call).tokens = 0;
}

}  // namespace blox::simulator
