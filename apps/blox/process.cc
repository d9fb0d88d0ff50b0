#include "blox/process.h"

#include "base/log.h"

namespace blox::apps {

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
  http::ServerOptions options;
  options.bind = bind;
  options.allowed_hosts = flags.allowed_hosts;
  auto server = http::Server::open(loop, options, handler, metrics);
  if (!server) return server.error_in("listen on " + bind);
  return server;
}

void Process::run() {
  loop.on_signal([this] {
    log::info("blox", "ending: what counts is in the store");
    loop.stop();
  });
  loop.run();
}

}  // namespace blox::apps
