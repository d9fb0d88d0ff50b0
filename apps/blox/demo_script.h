// DemoScript: the story of the demo, told on the screen as it happens and judged at its end by what
// the simulator itself recorded.
#pragma once

#include <string>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/result.h"
#include "blox/demo_screen.h"
#include "blox/demo_world.h"
#include "client/cluster_state.h"
#include "client/scheduler.h"

namespace blox::apps {

/// Everything it works with outlives it.
struct DemoParts {
  Executor& executor;
  DemoWorld& world;
  client::ClusterState& state;
  client::Scheduler& scheduler;
  DemoScreen& screen;
};

class DemoScript {
 public:
  explicit DemoScript(const DemoParts& parts) : parts_(parts) {}

  /// Tells the whole story and judges it: Blox's work against the simulator's truth. The exit
  /// status: 0 when the story came to its end and every promise of count_promises is kept, else 1.
  Async<int> tell();

 private:
  /// Errors: the step that did not come to its end in time, and why.
  Async<Status> play();
  /// The summary. True when every promise is kept.
  Async<Result<bool>> judge();
  Async<Status> gather_instances();
  Async<Status> deploy();
  Async<Status> grow();
  Async<Status> lose_a_task();
  Async<Status> drain_an_instance();
  Async<Status> roll_out();
  Async<Status> catch_a_bad_revision();
  Async<Status> put_into_effect(client::EnvironmentRequest change);
  Async<Status> await_failure();

  /// Waits until each eligible instance truly runs one task of `definition`; shows the progress.
  Async<Status> await_serving(std::string definition, std::size_t instances);
  Async<Status> await_no_daemon_on(std::string instance);
  Async<Result<Truth>> look();
  TimePoint now() const { return parts_.executor.now(); }

  DemoParts parts_;
  std::string definition_;  // The current one's ARN.
  std::string deployment_;  // The newest one's id.
  std::vector<std::string> instances_;
};

}  // namespace blox::apps
