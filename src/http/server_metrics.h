// What a server counts, looked up once and kept.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "base/metrics.h"
#include "base/time.h"
#include "http/route.h"

namespace blox::http {

/// Requests by method and class of status, the time that answers take by cost, connections and
/// streams open, body and head bytes sent.
class ServerMetrics {
 public:
  explicit ServerMetrics(Metrics& metrics);

  void count_request(std::string_view method, int status);
  void count_sent(std::size_t bytes) { sent_bytes_.Increment(static_cast<double>(bytes)); }
  void count_refused() { refused_.Increment(); }
  /// From a request read to the last byte of its answer; not for streams.
  void observe_answer(Cost cost, Duration duration) {
    answer_seconds_.at(static_cast<std::size_t>(cost))
        ->Observe(std::chrono::duration<double>{duration}.count());
  }
  /// Shows a stream for as long as it lives.
  class Streaming {
   public:
    explicit Streaming(ServerMetrics& metrics) : gauge_(metrics.streams_) { gauge_.Increment(); }
    Streaming(const Streaming&) = delete;
    Streaming& operator=(const Streaming&) = delete;
    ~Streaming() { gauge_.Decrement(); }

   private:
    Gauge& gauge_;
  };
  void add_connection() { connections_.Increment(); }
  void remove_connection() { connections_.Decrement(); }

 private:
  static constexpr std::size_t kMethodCount = 8;
  static constexpr std::size_t kClassCount = 5;

  Metrics& metrics_;
  Counter& sent_bytes_;
  Counter& refused_;
  Gauge& connections_;
  Gauge& streams_;
  std::array<Histogram*, kCostCount> answer_seconds_{};
  std::array<std::array<Counter*, kClassCount>, kMethodCount> requests_{};  // Made when first used.
};

}  // namespace blox::http
