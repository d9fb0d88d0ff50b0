// blox daemon-scheduler: the one service alone, with the flags of v0.3.
#include <iostream>
#include <memory>

#include "blox/byte_size.h"
#include "blox/flags.h"
#include "blox/modes.h"
#include "blox/open_store.h"
#include "blox/process.h"
#include "cli/commands.h"

namespace blox::apps {
namespace {

struct SchedulerModeFlags {
  std::string bind = "127.0.0.1:2000";
  std::string css_endpoint = "http://127.0.0.1:3000";
  CommonFlags common;
  SchedulerFlags scheduler;
};

int run(const SchedulerModeFlags& flags) {
  outlive_closed_pipes();
  if (const auto configured = flags.common.log.configure({"DS"}); !configured) {
    return fail_with(configured.error().message);
  }
  Process process;
  if (const auto opened = process.open_account(flags.common); !opened) {
    return fail_with(opened.error().message);
  }
  const auto store = open_store(process.loop, process.metrics, flags.common.store, "scheduler.db",
                                to_bytes(flags.common.store_queue_memory));
  if (!store) return fail_with(store.error().message);
  http::CurlTransport state_transport{process.loop};
  EcsDirectory directory{process.account->people_client()};
  aws::AwsClock& clock = process.account->clock();
  const SchedulerParts parts{clock,
                             process.random,
                             **store,
                             state_transport,
                             directory,
                             process.account->scheduler_client(),
                             process.account->scheduler_client(),
                             process.metrics,
                             nullptr,
                             {},
                             [&clock] { return clock.is_known(); }};
  SchedulerService service{parts, flags.scheduler.options(flags.css_endpoint)};
  const auto server = process.listen(flags.bind, service.handler(), flags.common);
  if (!server) return fail_with(server.error().message);
  std::cout << "daemon-scheduler: on http://" << (*server)->address() << std::endl;
  process.run({{server->get()}, &service});
  return 0;
}

}  // namespace

void add_daemon_scheduler(CLI::App& root, int& status) {
  auto flags = std::make_shared<SchedulerModeFlags>();
  CLI::App* command =
      root.add_subcommand("daemon-scheduler", "Exactly one task on every container instance");
  command->footer(
      "Example:\n  blox daemon-scheduler --bind 0.0.0.0:2000 --css-endpoint 127.0.0.1:3000" +
      log_help({"DS"}));
  add_flag(*command, "--bind", flags->bind, "HOST:PORT to listen on");
  add_flag(*command, "--css-endpoint", flags->css_endpoint,
           "HOST:PORT or URL of the cluster-state-service")
      ->transform(cli::to_endpoint());
  add_flag(*command, "--reconcile-interval", flags->scheduler.reconcile_interval,
           "The cluster-state-service's; nothing is started on a picture three times as old")
      ->check(is_reconcile_interval());
  flags->common.api_share = kShareOfOne;
  flags->common.add_to(*command, "scheduler.db");
  command->callback([flags, &status] { status = run(*flags); });
}

}  // namespace blox::apps
