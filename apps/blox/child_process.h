// ChildProcess: this program run again as another process, for the demo.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace blox::apps {

/// One running child; it ends (SIGTERM) with this object.
class ChildProcess {
 public:
  /// Starts this program with `arguments`, its stderr into `log_path`, and waits for its first
  /// line. Of this process's environment it gets all but what it or AWS's clients would go by
  /// (AWS_…, BLOX_…, log variables); those are `variables` alone. Requires: `variables` are of that
  /// kind. Errors: kUnavailable: it could not start, or ended without a line; the message holds its
  /// log.
  static Result<std::unique_ptr<ChildProcess>> start(std::vector<std::string> arguments,
                                                     std::map<std::string, std::string> variables,
                                                     const std::string& log_path);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  const std::string& first_line() const { return first_line_; }
  /// The HOST:PORTs of the "http://…" in the first line, in order.
  std::vector<std::string> addresses() const;

 private:
  ChildProcess(pid_t process, int output) : process_(process), output_(output) {}

  pid_t process_;
  int output_;
  std::string first_line_;
};

}  // namespace blox::apps
