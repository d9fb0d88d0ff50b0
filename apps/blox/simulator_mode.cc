// blox simulator: ECS and SQS as boto3, the AWS CLI and Blox see them, in memory.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/io_loop.h"
#include "base/metrics.h"
#include "blox/flags.h"
#include "blox/listen_flags.h"
#include "blox/log_flags.h"
#include "blox/modes.h"
#include "blox/process.h"
#include "simulator/face.h"
#include "simulator/simulator.h"

namespace blox::apps {
namespace {

struct SimulatorFlags {
  std::string bind = "127.0.0.1:4567";
  std::string queue = "blox_queue";
  std::string region = "us-east-1";
  std::string account = "123456789012";
  std::uint64_t seed = 0;
  ListenFlags listen;
  LogFlags log;
};

int run(const SimulatorFlags& flags) {
  outlive_closed_pipes();
  if (const auto configured = flags.log.configure({"SIMULATOR"}); !configured) {
    return fail_with(configured.error().message);
  }
  IoLoop loop;
  reopen_log_at_hangup(loop, {});
  Metrics metrics;
  Random random{flags.seed != 0 ? flags.seed : seed_from_os()};
  simulator::Options options;
  options.identity.region = flags.region;
  options.identity.account = flags.account;
  options.event_queue = flags.queue;
  simulator::Simulator simulator{loop, random, options};
  simulator::Face face{simulator};
  const auto server = http::Server::open(
      loop, flags.listen.options(flags.bind, flags.listen.make_budgets()), face, metrics);
  if (!server) return fail_with("simulator: " + server.error().message);
  std::cout << "simulator: ECS and SQS on http://" << (*server)->address() << ", queue "
            << flags.queue << ", region " << flags.region << std::endl;
  loop.on_signal([&loop] { loop.stop(); });
  loop.run();
  return 0;
}

}  // namespace

void add_simulator(CLI::App& root, int& status) {
  auto flags = std::make_shared<SimulatorFlags>();
  CLI::App* command = root.add_subcommand("simulator", "A simulated AWS account: ECS and SQS");
  command->footer(
      "Example:\n"
      "  blox simulator &\n"
      "  export AWS_ENDPOINT_URL=http://127.0.0.1:4567 AWS_REGION=us-east-1 \\\n"
      "         AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n"
      "  aws ecs create-cluster --cluster-name demo\n"
      "  curl -X POST 127.0.0.1:4567/simulator/instances -d '{\"cluster\":\"demo\",\"count\":3}'\n"
      "More under /simulator/: faults, the truth, a judge, what machines and tasks do;\n"
      "docs/simulator.md lists it all." +
      log_help({"SIMULATOR"}));
  add_flag(*command, "--bind", flags->bind, "HOST:PORT to listen on; port 0 takes any free one");
  add_flag(*command, "--queue", flags->queue, "The SQS queue that events go to");
  add_flag(*command, "--region", flags->region, "Region in ARNs");
  add_flag(*command, "--account", flags->account, "Account in ARNs, 12 digits")
      ->check(CLI::Validator{[](std::string& text) {
                               const bool fits = text.size() == 12 &&
                                                 text.find_first_not_of("0123456789") == text.npos;
                               return fits ? std::string{} : "'" + text + "' is not 12 digits";
                             },
                             "DIGITS"});
  add_flag(*command, "--seed", flags->seed, "Equal seeds, equal chances; 0: a new one");
  flags->listen.add_to(*command);
  flags->log.add_to(*command);
  command->callback([flags, &status] { status = run(*flags); });
}

}  // namespace blox::apps
