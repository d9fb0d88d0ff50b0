// CurlTransport: the Transport of the real programs, on libcurl.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "http/transport.h"

namespace blox::http {

class CurlLoop;

struct CurlOptions {
  std::string user_agent = "blox/1.0";
  /// Calls and streams under way; one more fails with kUnavailable.
  std::size_t transfer_count_max = 4096;
  /// Lines of one stream that wait to be taken; beyond that the peer is not read from.
  std::size_t waiting_bytes_max = 4 << 20;
  std::string ca_bundle;  ///< A PEM file to trust instead of the system's; "": the system's.
};

/// Calls out by libcurl, on a thread of its own. HTTP/1.1, no redirects; proxies from the usual
/// environment variables (https_proxy, no_proxy, ...), but none for loopback and link-local
/// addresses (instance metadata). Destroying an awaiting coroutine or a stream
/// aborts its transfer; destroying the transport ends all that is under way with an error.
/// Threading: the executor's thread. Requires: `executor` outlives it.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(Executor& executor, CurlOptions options = {});
  ~CurlTransport() override;

  Async<Result<Answer>> send(OutgoingRequest request) override;
  Async<Result<std::unique_ptr<LineStream>>> open_lines(OutgoingRequest request,
                                                        Duration idle_max) override;

 private:
  Executor& executor_;
  CurlOptions options_;
  std::shared_ptr<CurlLoop> loop_;
};

}  // namespace blox::http
