#include "codec/sqs_calls.h"

#include <charconv>

#include "base/text.h"
#include "codec/ecs_calls_json.h"

namespace blox::codec {
namespace {

namespace json = boost::json;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

std::string encode_get_queue_url(const std::string& name, const std::string& owner) {
  json::object input{{"QueueName", name}};
  if (!owner.empty()) input["QueueOwnerAWSAccountId"] = owner;
  return json::serialize(input);
}

std::string encode_get_queue_attributes(const std::string& url) {
  return json::serialize(
      json::object{{"QueueUrl", url},
                   {"AttributeNames", json::array{"VisibilityTimeout", "MaximumMessageSize"}}});
}

std::string encode_receive_message(const std::string& url, std::chrono::seconds wait) {
  return json::serialize(json::object{
      {"QueueUrl", url}, {"MaxNumberOfMessages", 10}, {"WaitTimeSeconds", wait.count()}});
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
  const auto text = aws_json::get_text(attributes->get_object(), "VisibilityTimeout");
  if (!text) return text.error_in("Attributes");
  const auto seconds = parse_number<std::uint32_t>(*text);
  if (!seconds) {
    return fail(ErrorKind::kInvalid,
                "VisibilityTimeout is " + quote(*text) + ", not whole seconds");
  }
  SqsAttributes read{std::chrono::seconds{*seconds}, std::nullopt};
  const auto size = aws_json::find_text(attributes->get_object(), "MaximumMessageSize");
  if (size.empty()) return read;
  read.message_bytes_max = parse_number<std::size_t>(size);
  if (read.message_bytes_max) return read;
  return fail(ErrorKind::kInvalid, "MaximumMessageSize is '" + size + "', not a number of bytes");
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

Result<std::vector<std::size_t>> decode_delete_message_batch(std::string_view body,
                                                             std::size_t count) {
  auto answer = aws_json::parse_answer(body);
  if (!answer) return std::unexpected(answer.error());
  std::vector<bool> deleted(count, false);
  const Status read =
      aws_json::for_each_object(*answer, "Successful", [&](const json::object& entry) -> Status {
        const auto id = aws_json::get_text(entry, "Id");
        if (!id) return std::unexpected(id.error());
        const auto place = parse_number<std::size_t>(*id);
        if (!place || *place >= count) {
          return fail(ErrorKind::kInvalid, "Id " + quote(*id) + " was not in the request");
        }
        deleted[*place] = true;
        return done();
      });
  if (!read) return std::unexpected(read.error());
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < count; ++i) {
    if (!deleted[i]) left.push_back(i);
  }
  return left;
}

}  // namespace blox::codec
