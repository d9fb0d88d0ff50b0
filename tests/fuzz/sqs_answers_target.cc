// Answers of SQS: every decoder of codec/sqs_calls.h reads the input.
#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "codec/sqs_calls.h"
#include "fuzz/oracle.h"

namespace blox::fuzz {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t kEntries = 10;

std::string encode_answer(const std::vector<codec::SqsMessage>& messages) {
  json::array array;
  for (const auto& message : messages) {
    array.push_back(json::object{
        {"MessageId", message.id}, {"ReceiptHandle", message.receipt}, {"Body", message.body}});
  }
  return json::serialize(json::object{{"Messages", std::move(array)}});
}

bool is_same(const codec::SqsMessage& one, const codec::SqsMessage& other) {
  return one.id == other.id && one.receipt == other.receipt && one.body == other.body;
}

void messages(std::string_view body) {
  const auto received = codec::decode_receive_message(body);
  check_error(received);
  if (!received) return;
  std::size_t bytes = 0;
  std::vector<std::string> receipts;
  for (const auto& message : *received) {
    check(!message.receipt.empty(), "every message can be deleted");
    bytes += message.id.size() + message.receipt.size() + message.body.size();
    receipts.push_back(message.receipt);
  }
  check(bytes <= text_bytes_max(body), "messages hold no more than the answer");
  const auto again = codec::decode_receive_message(encode_answer(*received));
  check(again && std::ranges::equal(*received, *again, is_same), "messages are read back");
  if (receipts.empty() || receipts.size() > kEntries) return;
  json::error_code error;
  const auto request = json::parse(codec::encode_delete_message_batch("u", receipts), error);
  check(!error, "a request is JSON");
  const auto& entries = request.at("Entries").as_array();
  check(entries.size() == receipts.size(), "each receipt is an entry");
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    check(entries[i].at("ReceiptHandle").as_string() == receipts[i],
          "a receipt is sent as it came");
  }
}

void deleted(std::string_view body) {
  const auto left = codec::decode_delete_message_batch(body, kEntries);
  check_error(left);
  if (!left) return;
  check(std::ranges::adjacent_find(*left, std::ranges::greater_equal{},
                                   &codec::SqsNotDeleted::place) == left->end(),
        "each place once, in order");
  check(left->empty() || left->back().place < kEntries, "only places that were asked for");
}

void run(std::string_view body) {
  const MemoryBound bound{body};
  const auto url = codec::decode_get_queue_url(body);
  check_error(url);
  if (url)
    check(!url->empty() && url->size() <= text_bytes_max(body), "a URL is part of the answer");
  const auto attributes = codec::decode_queue_attributes(body);
  check_error(attributes);
  if (attributes) {
    check(attributes->visibility_timeout.value_or(0s).count() >= 0, "a timeout is not negative");
    check(attributes->retention.value_or(0s).count() >= 0, "a retention is not negative");
  }
  messages(body);
  deleted(body);
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blox::fuzz::run(blox::fuzz::as_text(data, size));
  return 0;
}
