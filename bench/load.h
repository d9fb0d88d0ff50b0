// What the load program does from its own process, over HTTP.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "run.h"

namespace blox::bench {

struct FillQueue {
  std::string endpoint;  ///< http://HOST:PORT of SQS.
  std::string queue = "blox_queue";
  std::uint64_t events = 30'000;
  std::uint64_t objects = 10'000;
};
/// Sends events of tasks by SendMessageBatch, as make_task_event counts them.
Result<Figures> fill_queue(const FillQueue& load);

struct StartTasks {
  std::string endpoint;  ///< http://HOST:PORT of ECS.
  std::uint64_t tasks = 10'000;
  std::uint64_t tasks_per_instance = 100;
  std::uint64_t marked = 1'000;  ///< So many of them are started by "marked", the rest by "rest".
};
/// Makes instances and starts tasks on them; they need not run yet when it returns.
Result<Figures> start_tasks(const StartTasks& load);

struct Fetch {
  std::string url;
  int count = 50;
};
/// Gets the URL again and again, one call at a time. Errors: kInternal (an answer that is not 200,
/// or of another size than the first).
Result<Figures> fetch(const Fetch& load);

/// Gets the URL as `fetch` does, but reads over a plain socket and keeps nothing of it: how soon
/// the first byte comes, and how many a second (at the median). Errors: kInvalid (no URL),
/// kUnavailable (nobody there), kInternal (an answer that is not 200, or broken off).
Result<Figures> drain(const Fetch& load);

struct Latency {
  std::string endpoint;  ///< http://HOST:PORT of SQS.
  std::string queue = "blox_queue";
  std::string state;  ///< http://HOST:PORT of the cluster-state-service.
  std::uint64_t rate = 1'000;
  std::uint64_t events = 20'000;
};
/// Sends events at an even rate and reads their lines from a stream, both stamped here. Errors:
/// kInternal when a line is missing 10 s after the last event was sent.
Result<Figures> measure_latency(const Latency& load);

}  // namespace blox::bench
