// HttpClusterState: the cluster-state-service over a Transport, real, in one process or simulated.
#pragma once

#include <memory>
#include <string>

#include "client/cluster_state.h"
#include "http/transport.h"

namespace blox::client {

struct HttpClusterStateOptions {
  std::string base_url = "http://127.0.0.1:3000";  ///< Without a path.
  Duration deadline = std::chrono::seconds{30};    ///< For one call, or a stream's head.
  Duration idle_max = std::chrono::seconds{30};    ///< A stream silent for so long is broken off.
  std::size_t answer_bytes_max = 1 << 30;          ///< 100,000 tasks are about 80 MB.
};

/// Requires: transport outlives it, its calls and its streams.
class HttpClusterState final : public ClusterState {
 public:
  HttpClusterState(http::Transport& transport, HttpClusterStateOptions options);

  Async<Result<TaskListing>> list_tasks(TaskFilter filter) override;
  Async<Result<InstanceListing>> list_instances(InstanceFilter filter) override;
  Async<Result<Versioned<Task>>> get_task(std::string cluster, TaskArn arn) override;
  Async<Result<Versioned<ContainerInstance>>> get_instance(std::string cluster,
                                                           ContainerInstanceArn arn) override;
  Async<Result<std::unique_ptr<TaskStream>>> open_task_stream(StreamStart start) override;
  Async<Result<std::unique_ptr<InstanceStream>>> open_instance_stream(StreamStart start) override;

 private:
  http::OutgoingRequest request_for(const std::string& target) const;
  Async<Result<std::string>> fetch(std::string target);

  http::Transport& transport_;
  HttpClusterStateOptions options_;
};

}  // namespace blox::client
