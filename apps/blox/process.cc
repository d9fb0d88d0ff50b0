#include "blox/process.h"

#include <linux/close_range.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "base/scope.h"
#include "http/url.h"

namespace blox::apps {
namespace {

// Less than what supervisors wait between SIGTERM and SIGKILL, 10 s and more.
constexpr Duration kEndingMax = std::chrono::seconds{3};
constexpr Duration kEndingLook = std::chrono::milliseconds{10};

bool is_over(const Ending& ending) {
  return std::ranges::all_of(
             ending.servers,
             [](const http::Server* server) { return server->connection_count() == 0; }) &&
         (ending.scheduler == nullptr || ending.scheduler->is_quiet());
}

Async<void> end(IoLoop& loop, Ending ending) {
  for (http::Server* server : ending.servers) server->stop_accepting();
  if (ending.scheduler != nullptr) ending.scheduler->stop();
  const TimePoint latest = loop.now() + kEndingMax;
  while (!is_over(ending) && loop.now() < latest) co_await sleep_for(loop, kEndingLook);
  if (!is_over(ending)) log::warn("blox", "some calls or connections are broken off");
  loop.stop();
}

}  // namespace

void outlive_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

Process::Process() {
  reopen_log_at_hangup(loop, [this] {
    if (account) account->read_keys_anew();
  });
}

Status Process::open_account(const CommonFlags& flags) {
  if (const auto checked = flags.check(); !checked) return checked;
  auto opened = AwsAccount::open(loop, random, metrics, flags.api_share);
  if (!opened) return std::unexpected(opened.error());
  account = *std::move(opened);
  return done();
}

Result<std::unique_ptr<http::Server>> Process::listen(const std::string& bind,
                                                      http::Handler& handler,
                                                      const CommonFlags& flags) {
  if (!budgets) budgets = flags.listen.make_budgets();
  auto server = http::Server::open(loop, flags.listen.options(bind, budgets), handler, metrics);
  if (!server) return server.error_in("listen on " + http::without_userinfo(bind));
  return server;
}

void Process::run(Ending ending) {
  // What we open is so by itself; libcurl's own pair of sockets is not.
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  Scope scope{loop};
  bool is_ending = false;
  loop.on_signal([&] {
    if (std::exchange(is_ending, true)) return loop.stop();
    log::info("blox", "ending: what is under way comes to its end first");
    scope.spawn(end(loop, ending));
  });
  loop.run();
}

}  // namespace blox::apps
