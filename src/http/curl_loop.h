// CurlLoop: the thread on which libcurl's transfers run. Only curl_*.cc include this.
#pragma once

#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "http/curl_transfer.h"

namespace blox::http {

/// Runs transfers side by side. Threading: any thread; Transfer::end is called on its own.
class CurlLoop {
 public:
  explicit CurlLoop(std::size_t transfer_count_max);
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;
  ~CurlLoop();

  /// Starts `transfer`, which then ends once. Errors: kUnavailable (too many, or stopped).
  Status add(std::shared_ptr<Transfer> transfer);
  /// Drops `transfer` wherever it stands; one that has ended is ignored.
  void cancel(std::shared_ptr<Transfer> transfer);
  /// Goes on with one that answered Taken::kLater.
  void resume(std::shared_ptr<Transfer> transfer);
  /// Ends all with CURLE_ABORTED_BY_CALLBACK, and the thread. Returns when that is done.
  void stop();

 private:
  enum class What { kAdd, kCancel, kResume };
  struct Command {
    What what;
    std::shared_ptr<Transfer> transfer;
  };

  void command(Command command);
  void run();
  bool carry_out_commands();
  void carry_out(const Command& command);
  void take_ended();
  void drop(CURL* handle);

  const std::size_t transfer_count_max_;
  CURLM* multi_;
  std::mutex mutex_;
  std::vector<Command> commands_;  // Bounded: at most one of each kind for a transfer.
  std::size_t transfer_count_ = 0;
  bool stopping_ = false;
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> running_;  // The thread's own.
  std::thread thread_;
};

}  // namespace blox::http
