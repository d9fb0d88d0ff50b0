// The calls to SQS as JSON (protocol JSON 1.0): requests out, answers in.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blox::codec {

/// Requests are JSON objects, minified.
std::string encode_get_queue_url(const std::string& name);
/// Asks for the visibility timeout alone.
std::string encode_get_queue_attributes(const std::string& url);
/// Asks for up to 10 messages. Units: whole seconds, 0 to 20.
std::string encode_receive_message(const std::string& url, std::chrono::seconds wait);
/// Entry n has the id "n". Requires: 1 to 10 receipts.
std::string encode_delete_message_batch(const std::string& url,
                                        const std::vector<std::string>& receipts);

struct SqsMessage {
  std::string id;
  std::string receipt;
  std::string body;
};

/// Errors of all decoders: kInvalid, naming the field.
Result<std::string> decode_get_queue_url(std::string_view body);
Result<std::chrono::seconds> decode_visibility_timeout(std::string_view body);
/// An answer without messages is an empty list.
Result<std::vector<SqsMessage>> decode_receive_message(std::string_view body);
/// The places in the request of the entries that the answer does not call deleted, ascending.
/// `count` is the number of entries in the request.
Result<std::vector<std::size_t>> decode_delete_message_batch(std::string_view body,
                                                             std::size_t count);

}  // namespace blox::codec
