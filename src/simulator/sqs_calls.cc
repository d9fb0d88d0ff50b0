#include "simulator/sqs_calls.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "model/arn.h"
#include "simulator/sqs_queue_calls.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

// Source: SQS quotas.
constexpr std::size_t kBatchMax = 10;
constexpr std::size_t kBatchBytesMax = 1 << 20;
constexpr std::size_t kEntryIdMax = 80;
constexpr std::int64_t kVisibilitySecondsMax = 43'200;
constexpr std::int64_t kWaitSecondsMax = 20;

std::string to_millis(WallTime time) { return std::to_string(time.time_since_epoch().count()); }

json::object batch_failure(const std::string& id, const ApiError& error) {
  return {{"Id", id}, {"SenderFault", true}, {"Code", error.code}, {"Message", error.message}};
}

Outcome<json::object> send_one(SimQueue& queue, JsonInput& input) {
  std::string body = input.needed_text("MessageBody");
  if (input.has("MessageAttributes") && !input.object("MessageAttributes").empty()) {
    input.reject("MessageAttributes", json::value("…"), "absent: the simulator keeps bodies alone");
  }
  if (input.number("DelaySeconds", 0, 0, 900) != 0) {
    input.reject("DelaySeconds", json::value("…"), "0: the simulator has no delayed messages");
  }
  if (input.failed()) return input.error();
  const std::size_t bytes_max = queue.settings.message_bytes_max;
  if (body.size() > bytes_max) {
    return refuse("InvalidParameterValue", "MessageBody: it has " + std::to_string(body.size()) +
                                               " bytes; " + std::to_string(bytes_max) +
                                               " are allowed.");
  }
  const Message& message = queue.send(std::move(body));
  return json::object{{"MessageId", message.id}, {"MD5OfMessageBody", message.md5}};
}

Outcome<json::object> delete_one(SimQueue& queue, JsonInput& input) {
  const std::string receipt = input.needed_text("ReceiptHandle");
  if (input.failed()) return input.error();
  if (!SimQueue::is_receipt(receipt)) {
    return refuse("ReceiptHandleIsInvalid",
                  "ReceiptHandle: '" + receipt + "' is not one of this queue.");
  }
  if (queue.draw_delete_refused()) {
    return refuse("InternalError", "A delete was refused, by a fault of the simulator.");
  }
  // SQS answers well to an old receipt too, and keeps the message.
  static_cast<void>(queue.remove(receipt));
  return json::object{};
}

Outcome<json::object> change_one(SimQueue& queue, JsonInput& input) {
  const std::string receipt = input.needed_text("ReceiptHandle");
  const auto seconds = input.number("VisibilityTimeout", 0, 0, kVisibilitySecondsMax);
  if (input.failed()) return input.error();
  if (!SimQueue::is_receipt(receipt)) {
    return refuse("ReceiptHandleIsInvalid",
                  "ReceiptHandle: '" + receipt + "' is not one of this queue.");
  }
  if (!queue.change_visibility(receipt, std::chrono::seconds{seconds})) {
    return refuse("MessageNotInflight", "ReceiptHandle: '" + receipt + "' is not in flight.");
  }
  return json::object{};
}

using OneCall = Outcome<json::object> (*)(SimQueue&, JsonInput&);

// The ids of a batch's entries. What is wrong with the batch as a whole refuses all of it.
Outcome<std::vector<std::string>> read_ids(JsonInput& input,
                                           const std::vector<const json::object*>& entries) {
  std::vector<std::string> ids;
  std::size_t bytes = 0;
  for (const json::object* entry : entries) {
    JsonInput one = input.within(*entry, "Entries");
    ids.push_back(one.text("Id"));
    bytes += one.text("MessageBody").size();
    if (one.failed()) return one.error();
    if (!is_cluster_name(ids.back()) || ids.back().size() > kEntryIdMax) {  // The same letters.
      return refuse("InvalidBatchEntryId",
                    "Id: '" + ids.back() + "' is not 1 to 80 letters, digits, '-' and '_'.");
    }
    if (std::ranges::count(ids, ids.back()) > 1) {
      return refuse("BatchEntryIdsNotDistinct", "Id: '" + ids.back() + "' stands there twice.");
    }
  }
  if (bytes > kBatchBytesMax) {
    return refuse("BatchRequestTooLong",
                  "Batch requests cannot be longer than 1048576 bytes. You "
                  "have sent " +
                      std::to_string(bytes) + " bytes.");
  }
  return ids;
}

Outcome<json::object> for_each_entry(SimQueue& queue, JsonInput& input, OneCall call) {
  const auto entries = input.objects("Entries", 1'000);
  if (input.failed()) return input.error();
  if (entries.empty()) return refuse("EmptyBatchRequest", "Entries: the list is empty.");
  if (entries.size() > kBatchMax) {
    return refuse(
        "TooManyEntriesInBatchRequest",
        "Entries: the list has " + std::to_string(entries.size()) + " entries; 10 are allowed.");
  }
  const auto ids = read_ids(input, entries);
  if (!ids) return std::unexpected(ids.error());
  json::array successful;
  json::array failed;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    JsonInput one = input.within(*entries[i], "Entries[" + std::to_string(i) + "]");
    auto outcome = call(queue, one);
    if (!outcome) {
      failed.push_back(batch_failure((*ids)[i], outcome.error()));
      continue;
    }
    (*outcome)["Id"] = (*ids)[i];
    successful.push_back(std::move(*outcome));
  }
  json::object answer;  // A list that is empty is left out, as callers ask whether it is there.
  if (!successful.empty()) answer["Successful"] = std::move(successful);
  if (!failed.empty()) answer["Failed"] = std::move(failed);
  return answer;
}

json::object show(const Message& message, const std::vector<std::string>& attribute_names,
                  const std::string& account) {
  json::object shown{{"MessageId", message.id},
                     {"ReceiptHandle", message.receipt},
                     {"MD5OfBody", message.md5},
                     {"Body", message.body}};
  const std::pair<const char*, std::string> attributes[] = {
      {"SenderId", account},
      {"SentTimestamp", to_millis(message.sent_at)},
      {"ApproximateReceiveCount", std::to_string(message.receive_count)},
      {"ApproximateFirstReceiveTimestamp", to_millis(message.first_received_at)}};
  const bool all = std::ranges::find(attribute_names, "All") != attribute_names.end();
  json::object wanted;
  for (const auto& [name, value] : attributes) {
    if (all || std::ranges::find(attribute_names, name) != attribute_names.end()) {
      wanted[name] = value;
    }
  }
  if (!wanted.empty()) shown["Attributes"] = std::move(wanted);
  return shown;
}

Async<Outcome<json::object>> receive_message(std::shared_ptr<SimQueue> queue, std::string account,
                                             json::object body) {
  JsonInput input{body, "InvalidParameterValue"};
  const auto count = input.number("MaxNumberOfMessages", 1, 1, kBatchMax);
  const QueueSettings& settings = queue->settings;
  Duration visibility = settings.visibility;
  if (input.has("VisibilityTimeout")) {
    visibility =
        std::chrono::seconds{input.number("VisibilityTimeout", 0, 0, kVisibilitySecondsMax)};
  }
  Duration wait = settings.receive_wait;
  if (input.has("WaitTimeSeconds")) {
    wait = std::chrono::seconds{input.number("WaitTimeSeconds", 0, 0, kWaitSecondsMax)};
  }
  auto names = input.texts("MessageSystemAttributeNames", 20);
  const auto old_names = input.texts("AttributeNames", 20);
  names.insert(names.end(), old_names.begin(), old_names.end());
  if (input.failed()) co_return Outcome<json::object>{input.error()};
  const auto messages =
      co_await SimQueue::receive(queue, static_cast<std::size_t>(count), visibility, wait);
  if (queue->is_key_denied() && !messages.empty()) {
    co_return Outcome<json::object>{
        refuse("KmsAccessDenied", "KMS denies the key of the queue, by a fault of the simulator.")};
  }
  json::array shown;
  for (const Message& message : messages) shown.push_back(show(message, names, account));
  json::object answer;
  if (!shown.empty()) answer["Messages"] = std::move(shown);
  co_return Outcome<json::object>{std::move(answer)};
}

struct Row {
  std::string_view operation;
  OneCall call;
  bool batch;
};
constexpr Row kRows[] = {
    {"SendMessage", send_one, false},
    {"SendMessageBatch", send_one, true},
    {"DeleteMessage", delete_one, false},
    {"DeleteMessageBatch", delete_one, true},
    {"ChangeMessageVisibility", change_one, false},
    {"ChangeMessageVisibilityBatch", change_one, true},
};

}  // namespace

Async<Outcome<json::object>> execute_sqs(Simulator& simulator, std::string operation,
                                         std::string host, json::object body) {
  JsonInput input{body, "InvalidParameterValue"};
  if (const SqsCall call = find_sqs_queue_call(operation)) {
    co_return call(SqsContext{simulator, host}, input);
  }
  const auto* row = std::ranges::find(kRows, std::string_view{operation}, &Row::operation);
  const bool known = row != std::end(kRows) || operation == "ReceiveMessage";
  if (!known) {
    co_return Outcome<json::object>{refuse(
        "UnknownOperationException", "The simulator does not have the operation " + operation)};
  }
  auto queue = get_queue(simulator, input);
  if (!queue) co_return Outcome<json::object>{std::unexpected(queue.error())};
  if (operation == "ReceiveMessage") {
    co_return co_await receive_message(std::move(*queue), simulator.world.identity().account,
                                       std::move(body));
  }
  co_return row->batch ? for_each_entry(**queue, input, row->call) : row->call(**queue, input);
}

}  // namespace blox::simulator
