// How long one answer takes, from the call to its last byte, over one kept connection.
#include "calls.h"
#include "http/curl_transport.h"
#include "load.h"

namespace blox::bench {
namespace {

Async<Result<Figures>> fetch(IoLoop& loop, http::Transport& transport, const Fetch& load) {
  std::vector<double> milliseconds;
  std::size_t bytes = 0;
  for (int i = -1; i < load.count; ++i) {  // The first one connects, and is not counted.
    http::OutgoingRequest request;
    request.url = load.url;
    const TimePoint start = loop.now();
    const auto body = co_await send(transport, std::move(request));
    const Duration taken = loop.now() - start;
    if (!body) co_return std::unexpected(body.error());
    if (i < 0) {
      bytes = body->size();
      continue;
    }
    if (body->size() != bytes) {
      co_return fail(ErrorKind::kInternal, "answers of different sizes: " + std::to_string(bytes) +
                                               " and " + std::to_string(body->size()) + " bytes");
    }
    milliseconds.push_back(to_ms(taken));
  }
  co_return Figures{{"p50_ms", quantile(milliseconds, 0.5)},
                    {"p99_ms", quantile(milliseconds, 0.99)},
                    {"min_ms", quantile(milliseconds, 0.0)},
                    {"bytes", static_cast<double>(bytes)}};
}

}  // namespace

Result<Figures> fetch(const Fetch& load) {
  if (load.count < 1) return fail(ErrorKind::kInvalid, "--count: at least 1");
  IoLoop loop;
  http::CurlTransport transport{loop};
  return run_to_end(loop, fetch(loop, transport, load));
}

}  // namespace blox::bench
