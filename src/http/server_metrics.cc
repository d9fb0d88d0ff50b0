#include "http/server_metrics.h"

#include <algorithm>
#include <string>

namespace blox::http {
namespace {

// Methods are the peer's to choose, so that only these become labels.
constexpr std::array<std::string_view, 8> kMethods = {"GET",    "HEAD",    "POST",  "PUT",
                                                      "DELETE", "OPTIONS", "PATCH", "other"};

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : metrics_(metrics),
      sent_bytes_(metrics.counter("blox_http_sent_bytes_total", "Bytes sent to HTTP clients.")),
      refused_(metrics.counter("blox_http_refused_connections_total",
                               "Connections beyond the bound, answered with 503.")),
      connections_(metrics.gauge("blox_http_connections", "HTTP connections open.")),
      streams_(metrics.gauge("blox_http_streams", "HTTP answers that stream now.")) {
  for (std::size_t cost = 0; cost < kCostCount; ++cost) {
    answer_seconds_.at(cost) =
        &metrics.seconds("blox_http_answer_seconds",
                         "From an HTTP request read to its answer's last byte, streams left out.",
                         {{"cost", std::string{to_text(static_cast<Cost>(cost))}}});
  }
}

void ServerMetrics::count_request(std::string_view method, int status) {
  const auto row = static_cast<std::size_t>(
      std::min<std::ptrdiff_t>(std::ranges::find(kMethods, method) - kMethods.begin(),
                               static_cast<std::ptrdiff_t>(kMethods.size()) - 1));
  const auto column = static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1;
  Counter*& counter = requests_.at(row).at(column);
  if (counter == nullptr) {
    counter = &metrics_.counter(
        "blox_http_requests_total", "HTTP requests answered.",
        {{"method", std::string{kMethods.at(row)}}, {"status", std::to_string(column + 1) + "xx"}});
  }
  counter->Increment();
}

}  // namespace blox::http
