#include "blox/client_mode.h"

#include <iostream>

#include "base/io_loop.h"
#include "base/scope.h"
#include "http/curl_transport.h"

namespace blox::apps {

int run_client(const cli::Invocation& invocation) {
  IoLoop loop;
  http::CurlTransport transport{loop};
  int status = 1;
  const auto work = [&]() -> Async<void> {
    status = co_await cli::run(invocation, loop, transport, std::cout, std::cerr);
    loop.stop();
  };
  Scope scope{loop};
  scope.spawn(work());
  loop.on_signal([&loop] { loop.stop(); });
  loop.run();
  return status;
}

}  // namespace blox::apps
