#include "codec/sqs_calls.h"

#include <charconv>

#include "base/bounded_text.h"
#include "base/text.h"
#include "codec/ecs_calls_json.h"

namespace blox::codec {
namespace {

namespace json = boost::json;

// A code and a sentence have no more; what a stranger sends is not to fill a log.
constexpr std::size_t kWhyMax = 300;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

// The number of an attribute, which is text; none when the answer does not have it.
template <class Number>
Status read_number(const json::object& attributes, std::string_view name, const char* unit,
                   std::optional<Number>& number) {
  const json::value* value = attributes.if_contains(name);
  if (value == nullptr) return done();
  const std::string text = aws_json::find_text(attributes, name);
  number = parse_number<Number>(text);
  if (number) return done();
  return fail(ErrorKind::kInvalid,
              std::string{name} + " is " + quote(text) + ", not " + std::string{unit});
}

Status read_seconds(const json::object& attributes, std::string_view name,
                    std::optional<std::chrono::seconds>& seconds) {
  std::optional<std::uint32_t> number;
  const Status read = read_number(attributes, name, "whole seconds", number);
  if (number) seconds = std::chrono::seconds{*number};
  return read;
}

// Of a policy, which is JSON in a text and has the number as one or as text. One that cannot be
// read counts as the strictest.
std::optional<std::size_t> find_receives_max(const std::string& policy) {
  if (policy.empty()) return std::nullopt;
  const auto object = aws_json::parse_answer(policy);
  if (!object) return 1;
  const json::value* count = object->if_contains("maxReceiveCount");
  if (count == nullptr) return 1;
  if (count->is_string()) {
    return parse_number<std::size_t>(aws_json::copy(count->get_string())).value_or(1);
  }
  json::error_code error;
  const auto number = count->to_number<std::size_t>(error);
  return error ? 1 : number;
}

// The place that an entry of the answer is about, and the entry with it.
template <class Use>
Status for_each_entry(json::object& answer, std::string_view list, std::size_t count, Use use) {
  return aws_json::for_each_object(answer, list, [&](const json::object& entry) -> Status {
    const auto id = aws_json::get_text(entry, "Id");
    if (!id) return std::unexpected(id.error());
    const auto place = parse_number<std::size_t>(*id);
    if (!place || *place >= count) {
      return fail(ErrorKind::kInvalid, "Id " + quote(*id) + " was not in the request");
    }
    use(*place, entry);
    return done();
  });
}

}  // namespace

std::string encode_get_queue_url(const std::string& name, const std::string& owner) {
  json::object input{{"QueueName", name}};
  if (!owner.empty()) input["QueueOwnerAWSAccountId"] = owner;
  return json::serialize(input);
}

std::string encode_get_queue_attributes(const std::string& url) {
  return json::serialize(json::object{
      {"QueueUrl", url},
      {"AttributeNames", json::array{"VisibilityTimeout", "MessageRetentionPeriod",
                                     "MaximumMessageSize", "ApproximateNumberOfMessagesNotVisible",
                                     "RedrivePolicy", "QueueArn", "CreatedTimestamp"}}});
}

std::string encode_receive_message(const std::string& url, std::chrono::seconds wait,
                                   std::chrono::seconds visibility) {
  return json::serialize(json::object{{"QueueUrl", url},
                                      {"MaxNumberOfMessages", 10},
                                      {"WaitTimeSeconds", wait.count()},
                                      {"VisibilityTimeout", visibility.count()}});
}

std::string encode_change_message_visibility(const std::string& url, const std::string& receipt,
                                             std::chrono::seconds visibility) {
  return json::serialize(json::object{
      {"QueueUrl", url}, {"ReceiptHandle", receipt}, {"VisibilityTimeout", visibility.count()}});
}

std::string encode_delete_message_batch(const std::string& url,
                                        const std::vector<std::string>& receipts) {
  json::array entries;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    entries.push_back(json::object{{"Id", std::to_string(i)}, {"ReceiptHandle", receipts[i]}});
  }
  return json::serialize(json::object{{"QueueUrl", url}, {"Entries", std::move(entries)}});
}

Result<std::string> decode_get_queue_url(std::string_view body) {
  const auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  return aws_json::get_text(*answer, "QueueUrl");
}

Result<SqsAttributes> decode_queue_attributes(std::string_view body) {
  const auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  const json::value* attributes = answer->if_contains("Attributes");
  if (attributes == nullptr || !attributes->is_object()) {
    return fail(ErrorKind::kInvalid, "field 'Attributes' is missing or no object");
  }
  const json::object& named = attributes->get_object();
  SqsAttributes answered;
  Status read = read_seconds(named, "VisibilityTimeout", answered.visibility_timeout);
  if (read) read = read_seconds(named, "MessageRetentionPeriod", answered.retention);
  if (read) {
    read =
        read_number(named, "MaximumMessageSize", "a number of bytes", answered.message_bytes_max);
  }
  if (read) {
    read = read_number(named, "ApproximateNumberOfMessagesNotVisible", "a number of messages",
                       answered.in_flight_count);
  }
  if (!read) return std::unexpected(read.error());
  answered.receives_max = find_receives_max(aws_json::find_text(named, "RedrivePolicy"));
  answered.arn = aws_json::find_text(named, "QueueArn");
  answered.created_at = aws_json::find_text(named, "CreatedTimestamp");
  return answered;
}

Result<std::vector<SqsMessage>> decode_receive_message(std::string_view body) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  std::vector<SqsMessage> messages;
  const Status read =
      aws_json::for_each_object(*answer, "Messages", [&](const json::object& message) -> Status {
        auto receipt = aws_json::get_text(message, "ReceiptHandle");
        if (!receipt) return std::unexpected(receipt.error());
        messages.push_back({aws_json::find_text(message, "MessageId"), std::move(*receipt),
                            aws_json::find_text(message, "Body")});
        return done();
      });
  if (!read) return std::unexpected(read.error());
  return messages;
}

Result<std::vector<SqsNotDeleted>> decode_delete_message_batch(std::string_view body,
                                                               std::size_t count) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  std::vector<bool> deleted(count, false);
  std::vector<std::string> reasons(count, "the answer does not name it");
  Status read = for_each_entry(*answer, "Successful", count,
                               [&](std::size_t place, const auto&) { deleted[place] = true; });
  if (read) {
    read =
        for_each_entry(*answer, "Failed", count, [&](std::size_t place, const json::object& entry) {
          const std::string code = aws_json::find_text(entry, "Code");
          const std::string message = aws_json::find_text(entry, "Message");
          if (code.empty() && message.empty()) return;
          const std::string why = message.empty() ? code : code + ": " + message;
          reasons[place] = escape_control(shorten(why, kWhyMax));
        });
  }
  if (!read) return std::unexpected(read.error());
  std::vector<SqsNotDeleted> left;
  for (std::size_t place = 0; place < count; ++place) {
    if (!deleted[place]) left.push_back({place, std::move(reasons[place])});
  }
  return left;
}

}  // namespace blox::codec
