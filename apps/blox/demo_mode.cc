// blox demo: a simulator and a `blox server` as processes of their own, and a story played on them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

#include "base/io_loop.h"
#include "base/random.h"
#include "base/scope.h"
#include "blox/child_process.h"
#include "blox/demo_screen.h"
#include "blox/demo_script.h"
#include "blox/demo_world.h"
#include "blox/flags.h"
#include "blox/modes.h"
#include "client/http_cluster_state.h"
#include "http/curl_transport.h"

namespace blox::apps {
namespace {

// A folder for the demo's store and logs, removed at its end unless the demo failed.
class DemoFolder {
 public:
  static Result<std::unique_ptr<DemoFolder>> make() {
    std::error_code problem;
    auto path = std::filesystem::temp_directory_path(problem);
    if (problem) return fail(ErrorKind::kUnavailable, "$TMPDIR or /tmp: " + problem.message());
    path /= "blox-demo-" + Random{seed_from_os()}.hex(8);
    std::filesystem::create_directories(path, problem);
    if (problem) {
      return fail(ErrorKind::kUnavailable,
                  "cannot make " + path.string() + ": " + problem.message());
    }
    return std::unique_ptr<DemoFolder>{new DemoFolder(std::move(path))};
  }
  ~DemoFolder() {
    std::error_code ignored;  // What cannot be removed is left to the system.
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  DemoFolder(const DemoFolder&) = delete;
  DemoFolder& operator=(const DemoFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void keep() { kept_ = true; }

 private:
  explicit DemoFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  bool kept_ = false;
};

void print_what_to_try(const std::string& simulator, const std::string& state,
                       const std::string& scheduler) {
  std::cout
      << "\nIt goes on running; Ctrl-C ends it. In another terminal:\n\n"
      << "  export AWS_ENDPOINT_URL=http://" << simulator << " AWS_REGION=us-east-1 \\\n"
      << "         AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n"
      << "  export BLOX_STATE_ENDPOINT=http://" << state << " BLOX_SCHEDULER_ENDPOINT=http://"
      << scheduler << "\n"
      << "  build/release/bin/blox tasks list\n"
      << "  build/release/bin/blox environments instances agents\n"
      << "  build/release/bin/blox deploy agents --task-definition agent:1 --wait\n"
      << "  curl -N 'http://" << state << "/v1/stream/tasks?bookmarks=true'\n"
      << "  curl -X POST http://" << simulator
      << "/simulator/instances -d '{\"cluster\":\"demo\",\"count\":3}'\n"
      << "  .venv/bin/aws ecs list-tasks --cluster demo\n"
      << std::endl;
}

int run(bool keep) {
  const auto made = DemoFolder::make();
  if (!made) return fail_with("a folder for the demo: " + made.error().message);
  DemoFolder& folder = **made;
  std::cout << "Blox demo: a simulated AWS, and `blox server` on it as a process of its own.\n"
            << "Each cell is a container instance: █ serving  ▒ starting  ▓ stopping  "
               "░ serves, waits its turn  · nothing there\n";
  const auto simulator =
      ChildProcess::start({"simulator", "--bind", "127.0.0.1:0"}, {}, folder.file("simulator.log"));
  if (!simulator) return fail_with(simulator.error().message);
  const std::string simulator_address = (*simulator)->addresses().front();
  const auto server =
      ChildProcess::start({"server", "--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
                           "--store", "sqlite:" + folder.file("blox.db")},
                          {{"AWS_ENDPOINT_URL", "http://" + simulator_address},
                           {"AWS_REGION", "us-east-1"},
                           {"AWS_ACCESS_KEY_ID", "demo"},
                           {"AWS_SECRET_ACCESS_KEY", "demo"},
                           // Nothing of the caller's profile either.
                           {"AWS_CONFIG_FILE", "/dev/null"},
                           {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"}},
                          folder.file("server.log"));
  if (!server) return fail_with(server.error().message);
  const auto addresses = (*server)->addresses();
  if (addresses.size() != 2)
    return fail_with("the server printed '" + (*server)->first_line() + "'");

  IoLoop loop;
  http::CurlTransport transport{loop};
  DemoWorld world{transport, simulator_address};
  client::HttpClusterStateOptions state_options;
  state_options.base_url = "http://" + addresses[0];
  client::HttpClusterState state{transport, state_options};
  client::SchedulerOptions scheduler_options;
  scheduler_options.base_url = "http://" + addresses[1];
  client::Scheduler scheduler{transport, scheduler_options};
  std::function<std::size_t()> columns;
  if (isatty(STDOUT_FILENO) == 1) columns = &terminal_columns;
  DemoScreen screen{std::cout, std::move(columns), loop.now()};
  DemoScript script{DemoParts{loop, world, state, scheduler, screen}};

  int status = 1;
  const auto play = [&]() -> Async<void> {
    status = co_await script.tell();
    if (!keep) loop.stop();
    if (keep) print_what_to_try(simulator_address, addresses[0], addresses[1]);
  };
  Scope scope{loop};
  scope.spawn(play());
  loop.on_signal([&loop] { loop.stop(); });
  loop.on_hangup([&loop] { loop.stop(); });  // Its programs would stay, as they outlive a SIGHUP.
  loop.run();
  if (status != 0) {
    folder.keep();
    std::cerr << "logs: " << folder.file("server.log") << ", " << folder.file("simulator.log")
              << "\n";
  }
  return status;
}

}  // namespace

void add_demo(CLI::App& root, int& status) {
  auto keep = std::make_shared<bool>(false);
  CLI::App* command = root.add_subcommand("demo", "A simulated cluster with Blox on it, live");
  command->footer(
      "It needs no AWS account. Exit status 0: everything was as promised.\n"
      "Examples:\n"
      "  blox demo\n"
      "  blox demo --keep     leaves it running, and says what to try on it");
  command->add_flag("--keep", *keep, "Leave it running afterwards, and say what to try");
  command->callback([keep, &status] { status = run(*keep); });
}

}  // namespace blox::apps
