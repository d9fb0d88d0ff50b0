// Queues: SQS standard queues: hidden while received, given again when not deleted in time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/executor.h"
#include "base/random.h"
#include "base/signal.h"
#include "simulator/api_error.h"
#include "simulator/faults.h"

namespace blox::simulator {

struct Message {
  std::string id;
  std::string body;
  std::string md5;
  WallTime sent_at;
  WallTime first_received_at;
  std::int64_t receive_count = 0;
  std::string receipt;  ///< Of the newest delivery; only this one works.
};

struct QueueSettings {
  Duration visibility = std::chrono::seconds{30};
  Duration retention = std::chrono::days{4};
  Duration receive_wait{};
  std::size_t message_bytes_max = 1 << 20;
  /// Attributes that are kept and shown, without effect: Policy, RedrivePolicy, …
  std::map<std::string, std::string, std::less<>> others;
};

/// One standard queue. Messages beyond `kMessagesMax` push the oldest out.
class SimQueue {
 public:
  SimQueue(Executor& executor, Random& random, const Faults& faults, std::string name);

  const std::string& name() const { return name_; }
  QueueSettings settings;
  WallTime created_at;
  WallTime modified_at;

  /// The message as it stands in the queue.
  const Message& send(std::string body);
  /// Up to `count_max` messages, after waiting up to `wait` for the first. The queue may be
  /// deleted meanwhile: none then. Takes what it needs to outlive the queue by value.
  static Async<std::vector<Message>> receive(std::shared_ptr<SimQueue> queue, std::size_t count_max,
                                             Duration visibility, Duration wait);
  /// True when a fault refuses the next delete; drawn anew each time.
  bool draw_delete_refused() { return happens(random_, faults_.delete_refused); }
  /// True when KMS denies whoever receives messages.
  bool is_key_denied() const { return faults_.key_denied; }
  /// False when the receipt is not that of a message's newest delivery; nothing is deleted then.
  bool remove(std::string_view receipt);
  /// True for what has the form of a receipt of this queue, however old.
  static bool is_receipt(std::string_view text);
  /// Errors: as `remove` by false. Zero makes the message visible at once.
  bool change_visibility(std::string_view receipt, Duration visibility);
  /// Makes all that is hidden visible, as if the time for that had gone by.
  void show_hidden();
  void purge();
  std::size_t visible_count();
  std::size_t hidden_count();
  std::uint64_t sent_count() const { return sent_count_; }

  static constexpr std::size_t kMessagesMax = 1'000'000;

 private:
  using Sequence = std::uint64_t;
  struct Entry {
    Message message;
    TimePoint visible_at{};
    TimePoint sent_at{};
  };
  void show_due();
  std::vector<Message> take(std::size_t count_max, Duration visibility);
  std::map<Sequence, Entry>::iterator find(std::string_view receipt);
  void forget(std::map<Sequence, Entry>::iterator entry);

  Executor& executor_;
  Random& random_;
  const Faults& faults_;
  std::string name_;
  Signal arrived_;
  std::map<Sequence, Entry> messages_;
  std::set<Sequence> visible_;
  std::set<std::pair<TimePoint, Sequence>> hidden_;
  Sequence last_ = 0;
  std::uint64_t sent_count_ = 0;
};

/// Every queue of the account.
class Queues {
 public:
  Queues(Executor& executor, Random& random, const Faults& faults);
  std::shared_ptr<SimQueue> create(const std::string& name);
  std::shared_ptr<SimQueue> find(std::string_view name) const;
  bool remove(std::string_view name);
  const std::map<std::string, std::shared_ptr<SimQueue>, std::less<>>& all() const {
    return queues_;
  }

 private:
  Executor& executor_;
  Random& random_;
  const Faults& faults_;
  std::map<std::string, std::shared_ptr<SimQueue>, std::less<>> queues_;
};

}  // namespace blox::simulator
