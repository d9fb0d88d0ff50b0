// A queue in memory for tests and benchmarks: messages come back until they are deleted.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "aws/queue.h"
#include "base/executor.h"
#include "base/signal.h"

namespace blox::aws {

/// At least once, oldest first; a delivery that is not deleted within the visibility timeout comes
/// again under another receipt. Waits by way of the executor.
class FakeQueue final : public Queue {
 public:
  explicit FakeQueue(Executor& executor, Duration visibility = std::chrono::seconds{30})
      : executor_(executor), visibility_(visibility), arrived_(executor) {}

  /// Adds a message; its id is "m1", "m2", …. Shape: the id.
  std::string push(std::string body);
  /// Messages not deleted yet, hidden ones included.
  std::size_t size() const { return messages_.size(); }

  std::deque<Error> receive_faults;    ///< The next receive takes the front one, if there is any.
  std::deque<Error> remove_faults;     ///< The next remove takes the front one, if there is any.
  std::optional<Error> receive_fault;  ///< While it is there, receives fail so, those waiting too.
  std::optional<Error> remove_fault;   ///< While it is there, removes fail so.
  std::optional<Error> give_back_fault;  ///< While it is there, messages are not given back.
  std::optional<Error> look_fault;       ///< While it is there, looks fail so.
  std::string remove_refused;            ///< Unless empty, each entry of a remove is refused so.
  std::size_t lose_answers = 0;          ///< So many receives of messages end as if unanswered.
  std::size_t removed_count = 0;
  std::size_t receive_count = 0;  ///< Receive calls so far.
  std::size_t given_back_count = 0;
  std::size_t look_count = 0;         ///< Looks so far.
  std::vector<Duration> waits;        ///< Of the receive calls so far, of 1,000 at most.
  QueueLook shown;                    ///< What look() says, the count of messages in flight apart.
  std::size_t foreign_in_flight = 0;  ///< So many more than were received from here.
  std::size_t message_bytes = kQueueMessageBytesMax;  ///< What message_bytes_max() says.

  Async<Result<std::vector<QueueMessage>>> receive(Duration wait) override;
  /// A receipt that is not the newest of its message is not deleted.
  Async<Result<std::vector<NotDeleted>>> remove(std::vector<std::string> receipts) override;
  /// Nothing happens to a receipt that is not the newest of its message.
  Async<Status> give_back(std::string receipt) override;
  Async<Result<QueueLook>> look() override;
  Duration visibility_timeout() const override { return visibility_; }
  std::size_t message_bytes_max() const override { return message_bytes; }

 private:
  struct Entry {
    std::string id;
    std::string body;
    std::string receipt;  // Of the newest delivery; empty before the first.
  };
  struct Hidden {
    TimePoint until;
    std::uint64_t number;
  };
  void show_expired();
  std::vector<QueueMessage> take_visible();

  Executor& executor_;
  Duration visibility_;
  Signal arrived_;
  std::map<std::uint64_t, Entry> messages_;  // By number, in the order of push().
  std::set<std::uint64_t> visible_;
  std::deque<Hidden> hidden_;  // By time; those deleted meanwhile are passed over.
  std::unordered_map<std::string, std::uint64_t> numbers_by_receipt_;  // Newest receipts alone.
  std::uint64_t push_count_ = 0;
  std::uint64_t receipt_count_ = 0;
};

}  // namespace blox::aws
