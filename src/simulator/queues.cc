#include "simulator/queues.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace blox::simulator {
namespace {

std::string md5_of(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(kDigits[digest[i] >> 4]);
    hex.push_back(kDigits[digest[i] & 15]);
  }
  return hex;
}

// A receipt is "<sequence>-<16 hexadecimal digits>".
constexpr std::size_t kNonceDigits = 16;

std::optional<std::uint64_t> sequence_of(std::string_view receipt) {
  std::uint64_t sequence = 0;
  const char* end = receipt.data() + receipt.size();
  const auto [rest, error] = std::from_chars(receipt.data(), end, sequence);
  const bool well_formed = error == std::errc{} && rest != end && *rest == '-' &&
                           static_cast<std::size_t>(end - rest) == kNonceDigits + 1;
  return well_formed ? std::optional{sequence} : std::nullopt;
}

}  // namespace

SimQueue::SimQueue(Executor& executor, Random& random, const Faults& faults, std::string name)
    : executor_(executor),
      random_(random),
      faults_(faults),
      name_(std::move(name)),
      arrived_(executor) {
  created_at = modified_at = executor.wall_now();
}

const Message& SimQueue::send(std::string body) {
  const Sequence sequence = ++last_;
  Entry entry;
  entry.message.id = random_.uuid();
  entry.message.md5 = md5_of(body);
  entry.message.body = std::move(body);
  entry.message.sent_at = executor_.wall_now();
  entry.sent_at = executor_.now();
  const auto added = messages_.emplace(sequence, std::move(entry)).first;
  visible_.insert(sequence);
  ++sent_count_;
  if (messages_.size() > kMessagesMax) forget(messages_.begin());
  arrived_.notify_all();
  return added->second.message;
}

void SimQueue::forget(std::map<Sequence, Entry>::iterator entry) {
  visible_.erase(entry->first);
  hidden_.erase({entry->second.visible_at, entry->first});
  messages_.erase(entry);
}

// Shows what was hidden long enough, and forgets what is too old.
void SimQueue::show_due() {
  const TimePoint now = executor_.now();
  while (!hidden_.empty() && hidden_.begin()->first <= now) {
    const Sequence sequence = hidden_.begin()->second;
    hidden_.erase(hidden_.begin());
    visible_.insert(sequence);
  }
  while (!messages_.empty() && messages_.begin()->second.sent_at + settings.retention <= now) {
    forget(messages_.begin());
  }
}

std::vector<Message> SimQueue::take(std::size_t count_max, Duration visibility) {
  std::vector<Message> deliveries;
  auto next = visible_.begin();
  while (next != visible_.end() && deliveries.size() < count_max) {
    const Sequence sequence = *next;
    Entry& entry = messages_.at(sequence);
    Message& message = entry.message;
    message.receipt = std::to_string(sequence) + "-" + random_.hex(kNonceDigits);
    if (++message.receive_count == 1) message.first_received_at = executor_.wall_now();
    deliveries.push_back(message);
    if (happens(random_, faults_.message_redelivered)) {
      ++next;
    } else {
      next = visible_.erase(next);
      entry.visible_at = executor_.now() + visibility;
      hidden_.emplace(entry.visible_at, sequence);
    }
  }
  return deliveries;
}

Async<std::vector<Message>> SimQueue::receive(std::shared_ptr<SimQueue> queue,
                                              std::size_t count_max, Duration visibility,
                                              Duration wait) {
  const TimePoint deadline = queue->executor_.now() + wait;
  for (;;) {
    queue->show_due();
    auto messages = queue->take(count_max, visibility);
    if (!messages.empty() || queue->executor_.now() >= deadline) co_return messages;
    TimePoint until = deadline;
    if (!queue->hidden_.empty()) until = std::min(until, queue->hidden_.begin()->first);
    co_await queue->arrived_.wait_until(until);
  }
}

bool SimQueue::is_receipt(std::string_view text) { return sequence_of(text).has_value(); }

std::map<SimQueue::Sequence, SimQueue::Entry>::iterator SimQueue::find(std::string_view receipt) {
  const auto sequence = sequence_of(receipt);
  const auto entry = sequence ? messages_.find(*sequence) : messages_.end();
  return entry != messages_.end() && entry->second.message.receipt == receipt ? entry
                                                                              : messages_.end();
}

bool SimQueue::remove(std::string_view receipt) {
  const auto entry = find(receipt);
  if (entry == messages_.end()) return false;
  forget(entry);
  return true;
}

bool SimQueue::change_visibility(std::string_view receipt, Duration visibility) {
  show_due();
  const auto entry = find(receipt);
  if (entry == messages_.end() || hidden_.erase({entry->second.visible_at, entry->first}) == 0) {
    return false;
  }
  entry->second.visible_at = executor_.now() + visibility;
  if (visibility > Duration::zero()) {
    hidden_.emplace(entry->second.visible_at, entry->first);
  } else {
    visible_.insert(entry->first);
    arrived_.notify_all();
  }
  return true;
}

void SimQueue::show_hidden() {
  for (const auto& [at, sequence] : hidden_) visible_.insert(sequence);
  hidden_.clear();
  arrived_.notify_all();
}

void SimQueue::purge() {
  messages_.clear();
  visible_.clear();
  hidden_.clear();
}

std::size_t SimQueue::visible_count() {
  show_due();
  return visible_.size();
}

std::size_t SimQueue::hidden_count() {
  show_due();
  return hidden_.size();
}

Queues::Queues(Executor& executor, Random& random, const Faults& faults)
    : executor_(executor), random_(random), faults_(faults) {}

std::shared_ptr<SimQueue> Queues::create(const std::string& name) {
  auto& queue = queues_[name];
  if (!queue) queue = std::make_shared<SimQueue>(executor_, random_, faults_, name);
  return queue;
}

std::shared_ptr<SimQueue> Queues::find(std::string_view name) const {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second;
}

bool Queues::remove(std::string_view name) {
  const auto found = queues_.find(name);
  if (found == queues_.end()) return false;
  queues_.erase(found);
  return true;
}

}  // namespace blox::simulator
