// The calls to SQS as JSON (protocol JSON 1.0): requests out, answers in.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blox::codec {

/// Requests are JSON objects, minified.
/// `owner`: the account that the queue is in; empty: that of the caller.
std::string encode_get_queue_url(const std::string& name, const std::string& owner = {});
/// Asks for what SqsAttributes holds.
std::string encode_get_queue_attributes(const std::string& url);
/// Asks for up to 10 messages, hidden from others for `visibility`. Units: whole seconds, the wait
/// 0 to 20.
std::string encode_receive_message(const std::string& url, std::chrono::seconds wait,
                                   std::chrono::seconds visibility);
/// Units: whole seconds, 0 to 43,200.
std::string encode_change_message_visibility(const std::string& url, const std::string& receipt,
                                             std::chrono::seconds visibility);
/// Entry n has the id "n". Requires: 1 to 10 receipts.
std::string encode_delete_message_batch(const std::string& url,
                                        const std::vector<std::string>& receipts);

/// What a queue says of itself. None and empty: the answer does not say.
struct SqsAttributes {
  std::optional<std::chrono::seconds> visibility_timeout;
  std::optional<std::chrono::seconds> retention;
  std::optional<std::size_t> message_bytes_max;
  std::optional<std::size_t> in_flight_count;
  /// After so many receives a message is moved elsewhere; none: never.
  std::optional<std::size_t> receives_max;
  std::string arn;
  std::string created_at;  ///< Seconds since 1970, as text.
};

struct SqsMessage {
  std::string id;
  std::string receipt;
  std::string body;
};

/// An entry of a delete call that the answer does not call deleted.
struct SqsNotDeleted {
  std::size_t place = 0;  ///< In the request.
  std::string why;        ///< In the words of the answer.
};

/// Errors of all decoders: kInvalid, naming the field.
Result<std::string> decode_get_queue_url(std::string_view body);
Result<SqsAttributes> decode_queue_attributes(std::string_view body);
/// An answer without messages is an empty list.
Result<std::vector<SqsMessage>> decode_receive_message(std::string_view body);
/// Shape: by place, ascending. `count` is the number of entries in the request.
Result<std::vector<SqsNotDeleted>> decode_delete_message_batch(std::string_view body,
                                                               std::size_t count);

}  // namespace blox::codec
