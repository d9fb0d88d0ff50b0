// SeamListener: is told of what passes the seams of the simulated processes: the judges are.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/transport.h"

namespace blox::simulation {

/// Threading: the loop's thread. Requires: calls nothing that it listens to.
class SeamListener {
 public:
  virtual ~SeamListener() = default;
  /// A call of `operation` ("StartTask") goes out to AWS,
  virtual void on_sent(const std::string& /*operation*/, const std::string& /*body*/) {}
  /// and this is what the caller got for it.
  virtual void on_answer(const std::string& /*operation*/, const std::string& /*body*/,
                         TimePoint /*sent_at*/, const Result<http::Answer>& /*answer*/) {}
  /// A message came from the queue.
  virtual void on_message(const std::string& /*body*/) {}
  /// A store has acknowledged a commit of so many records.
  virtual void on_commit(std::size_t /*records*/) {}
  /// The scheduler's store has acknowledged it.
  virtual void on_record(const std::string& /*key*/, const std::string& /*value*/) {}
  /// It held it when the process began: of an acknowledged commit, or of one that nobody heard of.
  virtual void on_held(const std::string& /*key*/, const std::string& /*value*/) {}
  /// It has acknowledged that it holds nothing under the key any more.
  virtual void on_erased(const std::string& /*key*/) {}
};
using SeamListeners = std::vector<SeamListener*>;

}  // namespace blox::simulation
