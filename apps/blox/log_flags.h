// The flags of every command that serves: how large its log may grow.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "base/io_loop.h"
#include "base/result.h"

namespace blox::apps {

struct LogFlags {
  std::string bytes_max = "100MiB";
  std::size_t old_count = 5;

  void add_to(CLI::App& app);
  /// Sets the log of this process: level and file from <PREFIX>_LOG_LEVEL and <PREFIX>_LOG_FILE
  /// (CSS_LOG_LEVEL); of several prefixes the first that is set counts. Level "info" and stderr
  /// when none is. Errors: kInvalid. Requires: the flags are parsed.
  Status configure(const std::vector<std::string>& prefixes) const;
};

/// What --help says of LogFlags::configure.
std::string log_help(const std::vector<std::string>& prefixes);

/// At SIGHUP: opens the log file anew, then does `more`. Requires: called once; the loop runs.
void reopen_log_at_hangup(IoLoop& loop, IoLoop::Job more);

}  // namespace blox::apps
