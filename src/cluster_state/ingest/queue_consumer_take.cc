// The middle of the consumer: from messages to batches, durable or set aside.
#include <algorithm>
#include <utility>

#include "base/bounded_text.h"
#include "base/log.h"
#include "base/text.h"
#include "cluster_state/ingest/followed.h"
#include "cluster_state/ingest/queue_consumer.h"
#include "codec/wrapped_events.h"

namespace blox::cluster_state {
namespace {

// Members of one message that are set aside each by itself; beyond them the message is, as a whole.
constexpr std::size_t kLettersMax = 16;

// No queue keeps a message for longer: an event from before tells nothing of ours. Source: SQS API
// reference, MessageRetentionPeriod.
constexpr std::chrono::milliseconds kLagMax = std::chrono::days{14};

// In milliseconds: times that others write are as far off as nanoseconds do not reach.
double lag_seconds(WallTime sent, WallTime now) {
  const auto lag = std::clamp(now - sent, std::chrono::milliseconds{}, kLagMax);
  return std::chrono::duration<double>(lag).count();
}

}  // namespace

void QueueConsumer::decode(const aws::QueueMessage& message, Batch& batch, Reading& reading) {
  auto event = codec::decode_ecs_event(message.body);
  if (!event) return decode_wrapped(message, event.error(), batch, reading);
  reading.problems.emplace_back();
  add(std::move(*event), batch, reading.sent);
}

// A message that is no event itself.
void QueueConsumer::decode_wrapped(const aws::QueueMessage& message, const Error& why, Batch& batch,
                                   Reading& reading) {
  auto members = codec::decode_wrapped_events(message.body);
  std::size_t bad_count = 0;
  const Error* first = nullptr;
  for (const codec::WrappedEvent& member : members) {
    if (member.event) continue;
    if (++bad_count == 1) first = &member.event.error();
  }
  const bool any = bad_count < members.size();
  if (members.empty()) {
    set_aside(message, {message.body}, why, batch);
  } else if (bad_count > kLettersMax) {
    const std::string text = std::to_string(bad_count) + " of " + std::to_string(members.size()) +
                             " members cannot be read, the first: " + first->message;
    set_aside(message, {message.body}, {first->kind, text}, batch);
  }
  reading.problems.emplace_back();
  if (!any) reading.problems.back() = first == nullptr ? why.message : first->message;
  std::size_t number = 0;
  for (codec::WrappedEvent& member : members) {
    ++number;
    if (member.event) {
      add(std::move(*member.event), batch, reading.sent);
    } else if (bad_count <= kLettersMax) {
      set_aside(message, {member.body, number}, member.event.error(), batch);
    }
  }
}

void QueueConsumer::add(codec::EcsEvent event, Batch& batch, std::vector<WallTime>& sent) {
  if (!follows(event)) return unfollowed_.Increment();
  if (event.repaired) note_repaired(event);
  sent.push_back(event.time);
  if (auto* task = std::get_if<TaskReport>(&event.what)) {
    batch.reports.push_back({std::move(*task), Origin::kEvent, event.time});
  } else if (auto* instance = std::get_if<InstanceReport>(&event.what)) {
    batch.reports.push_back({std::move(*instance), Origin::kEvent, event.time});
  } else {
    batch.events.push_back(std::move(std::get<codec::StoredEvent>(event.what)));
  }
}

void QueueConsumer::note_repaired(const codec::EcsEvent& event) {
  repaired_.Increment();
  const auto more = repair_pace_.next(executor_.now());
  if (!more) return;
  std::string name = "event " + escape_control(event.id);
  if (const auto* task = std::get_if<TaskReport>(&event.what)) name = task->arn.value;
  if (const auto* instance = std::get_if<InstanceReport>(&event.what)) name = instance->arn.value;
  log::warn("ingest", "'{}': what came of it is no JSON and is repaired{}", name, *more);
}

void QueueConsumer::set_aside(const aws::QueueMessage& message, Piece piece, const Error& why,
                              Batch& batch) {
  dead_.Increment();
  if (const auto more = letter_pace_.next(executor_.now())) {
    log::warn("ingest", "message {} is set aside: {}{}", message.id, why.message, *more);
  }
  batch.dead_letters.push_back({message.id, why.message,
                                std::string{cut(piece.body, codec::kDeadLetterBodyMax)},
                                piece.body.size(), executor_.wall_now(), piece.member});
}

// An event that names no cluster is everyone's.
bool QueueConsumer::follows(const codec::EcsEvent& event) const {
  if (const auto* kept = std::get_if<codec::StoredEvent>(&event.what)) {
    return kept->cluster.empty() || is_followed(options_.clusters, ClusterArn{kept->cluster});
  }
  const auto* task = std::get_if<TaskReport>(&event.what);
  return is_followed(options_.clusters,
                     task ? task->cluster : std::get<InstanceReport>(event.what).cluster);
}

Async<void> QueueConsumer::process(std::vector<aws::QueueMessage> messages, ByteHold hold) {
  const auto since = undurable_since_.insert(messages.front().received_at);
  // What a call under way still brings when the store is read again waits here.
  while (!ingest_.is_ready()) co_await ingest_.became_ready().wait();
  Reading reading;
  const Status taken = co_await take(messages, reading);
  undurable_since_.erase(since);
  undurable_count_ -= messages.size();
  batch_bytes_ -= hold.bytes();
  if (taken) {
    note_durable(std::move(messages), reading);
  } else {
    note_not_taken(messages.size(), taken.error());
  }
  note_held();
  messages.clear();
  hold.resize(0);
  capacity_.notify_all();
}

void QueueConsumer::note_durable(std::vector<aws::QueueMessage> messages, const Reading& reading) {
  take_wait_ = options_.retry_wait_min;
  const WallTime now = executor_.wall_now();
  for (const WallTime time : reading.sent) lag_.Observe(lag_seconds(time, now));
  for (const auto& problem : reading.problems) {
    if (problem) {
      condition_.note_unreadable(*problem);
    } else {
      condition_.note_readable();
    }
  }
  // The first of a batch that could be read, now and then.
  const auto readable = std::ranges::find_if(
      reading.problems, [](const auto& problem) { return !problem.has_value(); });
  if (readable != reading.problems.end() && gives_back(messages.size())) {
    const auto chosen = messages.begin() + (readable - reading.problems.begin());
    scope_.spawn(give_back(std::move(*chosen)));
    messages.erase(chosen);
  }
  for (aws::QueueMessage& message : messages) {
    removable_.push_back({std::move(message.receipt), 0});
  }
  removables_.notify_all();
}

// Not deleted, so they come again, and a queue counts how often they do.
void QueueConsumer::note_not_taken(std::size_t count, const Error& error) {
  resume_at_ = executor_.now() + random_.between(take_wait_ / 2, take_wait_);
  take_wait_ = std::min(2 * take_wait_, options_.retry_wait_max);
  let_go(count, queue_.visibility_timeout());
  hidden_.note(resume_at_);
  if (const auto more = take_pace_.next(executor_.now())) {
    log::warn("ingest", "{} messages have to come again: {}{}", count, error.message, *more);
  }
}

Async<Status> QueueConsumer::take(const std::vector<aws::QueueMessage>& messages,
                                  Reading& reading) {
  Batch batch;
  for (const aws::QueueMessage& message : messages) decode(message, batch, reading);
  const auto taken = co_await ingest_.take(std::move(batch));
  if (taken) co_return done();
  if (taken.error().kind != ErrorKind::kInvalid) co_return std::unexpected(taken.error());
  co_return co_await take_one_by_one(messages);
}

// Finds those that ingest refuses: they must not keep the others from becoming durable.
Async<Status> QueueConsumer::take_one_by_one(const std::vector<aws::QueueMessage>& messages) {
  for (const aws::QueueMessage& message : messages) {
    const Status taken = co_await take_parts(message);
    if (!taken) co_return taken;
  }
  co_return done();
}

Async<Status> QueueConsumer::take_parts(const aws::QueueMessage& message) {
  std::size_t letters = 0;
  Part whole{codec::decode_ecs_event(message.body), {message.body}};
  const auto members =
      whole.event ? std::vector<codec::WrappedEvent>{} : codec::decode_wrapped_events(message.body);
  if (members.empty()) co_return co_await take_part(message, std::move(whole), letters);
  std::size_t number = 0;
  for (const codec::WrappedEvent& member : members) {
    Part part{member.event, {member.body, ++number}};
    const Status taken = co_await take_part(message, std::move(part), letters);
    if (!taken) co_return taken;
  }
  co_return done();
}

// `letters`: those of the message so far.
Async<Status> QueueConsumer::take_part(const aws::QueueMessage& message, Part part,
                                       std::size_t& letters) {
  if (!part.event) {
    co_return co_await take_letter(message, part.piece, part.event.error(), letters);
  }
  Batch alone;
  std::vector<WallTime> sent;
  add(std::move(*part.event), alone, sent);
  const auto taken = co_await ingest_.take(std::move(alone));
  if (taken) co_return done();
  if (taken.error().kind != ErrorKind::kInvalid) co_return std::unexpected(taken.error());
  co_return co_await take_letter(message, part.piece, taken.error(), letters);
}

// One message must not push all other letters out: from some number on it is one, as a whole.
Async<Status> QueueConsumer::take_letter(const aws::QueueMessage& message, Piece piece, Error why,
                                         std::size_t& letters) {
  if (++letters > kLettersMax + 1) co_return done();
  if (letters > kLettersMax) piece = {message.body};
  Batch letter;
  set_aside(message, piece, why, letter);
  const auto taken = co_await ingest_.take(std::move(letter));
  if (!taken) co_return std::unexpected(taken.error());
  co_return done();
}

}  // namespace blox::cluster_state
