// blox server: both services in one process, joined without a socket between them.
#include <iostream>
#include <memory>

#include "blox/byte_size.h"
#include "blox/flags.h"
#include "blox/modes.h"
#include "blox/open_store.h"
#include "blox/process.h"
#include "http/local_transport.h"

namespace blox::apps {
namespace {

struct ServerFlags {
  std::string css_bind = "127.0.0.1:3000";
  std::string scheduler_bind = "127.0.0.1:2000";
  CommonFlags common;
  StateFlags state;
};

int run(const ServerFlags& flags) {
  outlive_closed_pipes();
  if (const auto configured = flags.common.log.configure({"CSS", "DS"}); !configured) {
    return fail_with(configured.error().message);
  }
  Process process;
  if (const auto opened = process.open_account(flags.common); !opened) {
    return fail_with(opened.error().message);
  }
  const auto store = open_store(process.loop, process.metrics, flags.common.store, "blox.db",
                                to_bytes(flags.common.store_queue_memory));
  if (!store) return fail_with(store.error().message);
  const auto queue = process.account->open_queue(flags.state.queue);
  if (!queue) return fail_with(queue.error().message);
  auto state_options = flags.state.options(process.account->region());
  state_options.reconcile.boot_budget = &process.account->read_budget();

  aws::AwsClock& clock = process.account->clock();
  state_options.view.knows_date = [&clock] { return clock.is_known(); };
  StateService state{
      clock,           process.random, **store, **queue, process.account->reconcile_client(),
      process.metrics, state_options};
  http::LocalTransport between{process.loop, state.handler()};
  EcsDirectory directory{process.account->people_client()};
  const SchedulerParts parts{clock,
                             process.random,
                             **store,
                             between,
                             directory,
                             process.account->scheduler_client(),
                             process.account->scheduler_client(),
                             process.metrics,
                             nullptr,
                             {},
                             [&clock] { return clock.is_known(); }};
  const SchedulerFlags scheduler_flags{flags.state.reconcile_interval};
  SchedulerService scheduler{parts, scheduler_flags.options("local:")};

  const auto state_server = process.listen(flags.css_bind, state.handler(), flags.common);
  if (!state_server) return fail_with(state_server.error().message);
  const auto scheduler_server =
      process.listen(flags.scheduler_bind, scheduler.handler(), flags.common);
  if (!scheduler_server) return fail_with(scheduler_server.error().message);
  std::cout << "blox server: cluster state on http://" << (*state_server)->address()
            << ", scheduler on http://" << (*scheduler_server)->address() << std::endl;
  process.run({{state_server->get(), scheduler_server->get()}, &scheduler});
  return 0;
}

}  // namespace

void add_server(CLI::App& root, int& status) {
  auto flags = std::make_shared<ServerFlags>();
  CLI::App* command = root.add_subcommand("server", "Both services in one process");
  command->footer(
      "Examples:\n"
      "  blox server                                  the queue blox_queue, store in the state "
      "directory\n"
      "  blox server --queue ecs-events --cluster web --api-share 0.5\n"
      "  AWS_ENDPOINT_URL=http://127.0.0.1:4567 blox server --store memory:   on the simulator" +
      log_help({"CSS", "DS"}));
  add_flag(*command, "--css-bind", flags->css_bind, "HOST:PORT of the cluster-state-service");
  add_flag(*command, "--scheduler-bind", flags->scheduler_bind, "HOST:PORT of the scheduler");
  flags->state.add_to(*command);
  flags->common.add_to(*command, "blox.db");
  command->callback([flags, &status] { status = run(*flags); });
}

}  // namespace blox::apps
