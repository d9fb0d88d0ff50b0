// blox cluster-state-service: the one service alone, with the flags of v0.3.
#include <iostream>
#include <memory>

#include "blox/byte_size.h"
#include "blox/flags.h"
#include "blox/modes.h"
#include "blox/open_store.h"
#include "blox/process.h"

namespace blox::apps {
namespace {

struct StateModeFlags {
  std::string bind = "127.0.0.1:3000";
  CommonFlags common;
  StateFlags state;
};

int run(const StateModeFlags& flags) {
  outlive_closed_pipes();
  if (const auto configured = flags.common.log.configure({"CSS"}); !configured) {
    return fail_with(configured.error().message);
  }
  Process process;
  if (const auto opened = process.open_account(flags.common); !opened) {
    return fail_with(opened.error().message);
  }
  const auto store = open_store(process.loop, process.metrics, flags.common.store,
                                "cluster-state.db", to_bytes(flags.common.store_queue_memory));
  if (!store) return fail_with(store.error().message);
  const auto queue = process.account->open_queue(flags.state.queue);
  if (!queue) return fail_with(queue.error().message);
  auto state_options = flags.state.options(process.account->region());
  state_options.reconcile.boot_budget = &process.account->read_budget();
  state_options.view.knows_date = [&clock = process.account->clock()] { return clock.is_known(); };
  StateService service{process.account->clock(),
                       process.random,
                       **store,
                       **queue,
                       process.account->reconcile_client(),
                       process.metrics,
                       state_options};
  const auto server = process.listen(flags.bind, service.handler(), flags.common);
  if (!server) return fail_with(server.error().message);
  std::cout << "cluster-state-service: on http://" << (*server)->address() << std::endl;
  process.run({{server->get()}, nullptr});
  return 0;
}

}  // namespace

void add_cluster_state_service(CLI::App& root, int& status) {
  auto flags = std::make_shared<StateModeFlags>();
  CLI::App* command =
      root.add_subcommand("cluster-state-service", "A live, queryable copy of ECS clusters");
  command->footer(
      "Example:\n  blox cluster-state-service --bind 0.0.0.0:3000 --queue sqs://blox_queue" +
      log_help({"CSS"}));
  add_flag(*command, "--bind", flags->bind, "HOST:PORT to listen on");
  flags->common.api_share = kShareOfOne;
  flags->state.add_to(*command);
  flags->common.add_to(*command, "cluster-state.db");
  command->callback([flags, &status] { status = run(*flags); });
}

}  // namespace blox::apps
