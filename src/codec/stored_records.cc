#include "codec/stored_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/bounded_text.h"
#include "base/text.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/stored.h"

namespace blox::codec {
namespace {

using internal::append_json_text;
using internal::text_or_empty;

// What was a message stands a step deeper in a record: whatever was taken can be read back.
internal::JsonReader& reader() {
  thread_local internal::JsonReader mine{simdjson::DEFAULT_MAX_DEPTH + 8};
  return mine;
}

bool is_plain(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z') || letter == ' ' || letter == '.' || letter == '_' ||
         letter == '-';
}

std::string escape_key_part(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (is_plain(letter)) {
      escaped += letter;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return escaped;
}

void append_text_field(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_text(out, text);
}

Result<simdjson::dom::object> parse_record(std::string_view bytes) {
  auto root = reader().hold(bytes).parse();
  if (root && internal::find_integer(*root, "v") != 1) {
    return fail(ErrorKind::kInvalid, "v is not 1, the only format that this program knows");
  }
  return root;
}

}  // namespace

std::string dead_letter_key(std::uint64_t number) {
  return fmt::format("{}{:020}", kDeadLettersPrefix, number);
}

Result<std::uint64_t> parse_dead_letter_key(std::string_view key) {
  std::uint64_t number = 0;
  const bool prefixed = key.starts_with(kDeadLettersPrefix);
  const std::string_view digits = prefixed ? key.substr(kDeadLettersPrefix.size()) : "";
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.size() != 20 || read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) {
    return fail(ErrorKind::kInvalid,
                quote(key) + " is not the key of a dead letter: prefix and 20 digits");
  }
  return number;
}

std::string events_prefix(std::string_view detail_type) {
  return std::string{kEventsPrefix} + escape_key_part(detail_type) + "/";
}

std::string event_key(std::string_view detail_type, WallTime time, std::string_view id) {
  return events_prefix(detail_type) + format_time(time) + "/" + escape_key_part(id);
}

std::string encode_dead_letter(const DeadLetter& letter) {
  std::string bytes{"{\"v\":1"};
  append_text_field(bytes, "messageId", letter.message_id);
  if (letter.member != 0) bytes += ",\"member\":" + std::to_string(letter.member);
  append_text_field(bytes, "at", format_time(letter.at));
  append_text_field(bytes, "error", letter.error);
  bytes += ",\"bodyBytes\":" + std::to_string(letter.body_bytes);
  append_text_field(bytes, "body", cut(letter.body, kDeadLetterBodyMax));
  bytes += '}';
  return bytes;
}

Result<DeadLetter> decode_dead_letter(std::string_view bytes) {
  const auto root = parse_record(bytes);
  if (!root) return root.error_in("decode dead letter");
  DeadLetter letter;
  letter.message_id = text_or_empty(*root, "messageId");
  const auto member = internal::find_integer(*root, "member").value_or(0);
  if (member < 0) return fail(ErrorKind::kInvalid, "decode dead letter: member is negative");
  letter.member = static_cast<std::size_t>(member);
  letter.error = text_or_empty(*root, "error");
  letter.body = text_or_empty(*root, "body");
  const auto body_bytes = internal::find_integer(*root, "bodyBytes").value_or(0);
  if (body_bytes < 0) return fail(ErrorKind::kInvalid, "decode dead letter: bodyBytes is negative");
  letter.body_bytes = static_cast<std::size_t>(body_bytes);
  const auto at = parse_time(text_or_empty(*root, "at"));
  if (!at) return at.error_in("decode dead letter: at");
  letter.at = *at;
  return letter;
}

std::string encode_stored_event(const StoredEvent& event) {
  std::string bytes{"{\"v\":1"};
  bytes.reserve(event.raw.size() + 256);
  append_text_field(bytes, "id", event.id);
  append_text_field(bytes, "detailType", event.detail_type);
  append_text_field(bytes, "cluster", event.cluster);
  append_text_field(bytes, "time", event.time);
  bytes += ",\"event\":";
  bytes += event.raw;
  bytes += '}';
  return bytes;
}

Result<StoredEvent> decode_stored_event(std::string_view bytes) {
  const auto root = parse_record(bytes);
  if (!root) return root.error_in("decode stored event");
  StoredEvent event;
  event.id = text_or_empty(*root, "id");
  event.detail_type = text_or_empty(*root, "detailType");
  event.cluster = text_or_empty(*root, "cluster");
  event.time = text_or_empty(*root, "time");
  simdjson::ondemand::object raw;
  std::string_view view;
  auto walked = reader().walk();
  if (walked.find_field_unordered("event").get_object().get(raw) || raw.raw_json().get(view)) {
    return fail(ErrorKind::kInvalid, "decode stored event: event is missing or no object");
  }
  event.raw = reader().in_original(view, bytes);
  return event;
}

}  // namespace blox::codec
