// The rows that are measured within one process.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "run.h"

namespace blox::bench {

struct IngestRow {
  std::string store;  ///< Path of a SQLite file that does not exist yet.
  std::uint64_t events = 100'000;
  std::uint64_t objects = 10'000;  ///< Events go round them, their versions rise.
  std::uint64_t instances = 100;   ///< An event each comes first.
};

/// From a queue in memory, filled before, into SQLite. The time runs until every message has been
/// deleted, which is after it is durable. Errors: kInternal when what is stored is not what was
/// sent.
Result<Figures> run_ingest(const IngestRow& row);

struct PassRow {
  std::uint64_t instances = 5'000;
  std::uint64_t tasks = 50'000;  ///< In all; one of them on each instance is the daemon's.
  int passes = 50;
};

/// One decision pass of the scheduler: observe and plan, of a cluster that is as it should be.
/// Errors: kInternal when the plan wants anything done.
Result<Figures> run_pass(const PassRow& row);

}  // namespace blox::bench
