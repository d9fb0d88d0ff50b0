// What the store keeps of messages that change no object: dead letters, and events of the types
// that carry no version. Keys and values as docs/formats/cluster-state.md has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/arn.h"

namespace blox::codec {

/// Bytes of a dead letter's body that are kept, at most.
inline constexpr std::size_t kDeadLetterBodyMax = std::size_t{64} * 1'024;

/// A message that nobody could decode, or a member of one.
struct DeadLetter {
  std::string message_id;
  std::string error;           ///< Why, in words.
  std::string body;            ///< Its first kDeadLetterBodyMax bytes.
  std::size_t body_bytes = 0;  ///< The size it came with.
  WallTime at;                 ///< When it was set aside.
  /// Which member of the message it is, counted from 1; 0: the message as a whole.
  std::size_t member = 0;
  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

/// An event whose type carries no version, kept as it came.
struct StoredEvent {
  std::string id;
  std::string detail_type;
  std::string cluster;  ///< Its ARN, or empty when the event names none.
  std::string time;     ///< As the envelope has it.
  std::string raw;      ///< The whole envelope.
  friend bool operator==(const StoredEvent&, const StoredEvent&) = default;
};

/// `number` counts dead letters up: the keys' byte order is the order of arrival.
std::string dead_letter_key(std::uint64_t number);
/// The number in a dead letter's key. Errors: kInvalid.
Result<std::uint64_t> parse_dead_letter_key(std::string_view key);

/// The type under whose key events stand when there are too many types to give each its own.
inline constexpr std::string_view kOtherEventTypes = "other";

/// The prefix of all events of one type: the type with every byte but letters, digits, ' ', '.',
/// '_' and '-' written as %XX, then '/'.
std::string events_prefix(std::string_view detail_type);
/// The prefix, the time to the millisecond and the event's id: byte order is order in time.
std::string event_key(std::string_view detail_type, WallTime time, std::string_view id);

/// Bytes that are not UTF-8 become U+FFFD.
std::string encode_dead_letter(const DeadLetter& letter);
Result<DeadLetter> decode_dead_letter(std::string_view bytes);
/// Requires: `raw` is a valid JSON object.
std::string encode_stored_event(const StoredEvent& event);
Result<StoredEvent> decode_stored_event(std::string_view bytes);

}  // namespace blox::codec
