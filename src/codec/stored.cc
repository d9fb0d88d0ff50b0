#include "codec/stored.h"

#include <utility>

#include "codec/holes_json.h"
#include "codec/json_read.h"
#include "codec/json_write.h"

namespace blox::codec {
namespace {

using internal::find_integer;
using internal::find_text;
using internal::reader;

constexpr std::string_view kFrameStart = "{\"v\":1,";
constexpr std::int64_t kFormat = 1;

Status check_format(std::optional<std::int64_t> format) {
  if (format == kFormat) return done();
  return fail(ErrorKind::kInvalid,
              format ? "v is " + std::to_string(*format) + ", this program knows 1"
                     : std::string{"v, the number of the format, is missing"});
}

Result<WallTime> read_time_field(std::optional<std::string_view> text, std::string_view name) {
  if (!text) return fail(ErrorKind::kInvalid, std::string{name} + " is missing");
  auto time = parse_time(*text);
  if (!time) return time.error_in(name);
  return time;
}

Result<Tombstone> read_tombstone(simdjson::dom::object from) {
  Tombstone tombstone;
  if (const auto version = find_integer(from, "version")) tombstone.version = EcsVersion{*version};
  tombstone.reason = internal::text_or_empty(from, "reason");
  tombstone.cluster.value = internal::text_or_empty(from, "cluster");
  const auto time = read_time_field(find_text(from, "at"), "tombstone.at");
  if (!time) return std::unexpected(time.error());
  tombstone.at = *time;
  return tombstone;
}

// One field of an object's frame. False when it is not of the type that the format has.
struct RawFrame {
  std::optional<std::int64_t> format;
  std::optional<std::string> seen_at;
  std::optional<std::string> described_at;
  std::string_view detail;
  std::string_view describe;
  bool tombstone = false;
};

bool read_object(simdjson::ondemand::value value, std::string_view& raw) {
  simdjson::ondemand::object object;
  return !value.get_object().get(object) && !object.raw_json().get(raw);
}
bool read_text(simdjson::ondemand::value value, std::optional<std::string>& text) {
  std::string_view view;
  if (value.get_string().get(view)) return false;
  text = std::string{view};
  return true;
}

bool read_frame_field(std::string_view name, simdjson::ondemand::value value, RawFrame& frame) {
  if (name == "v") {
    std::int64_t format = 0;
    if (value.get_int64().get(format)) return false;
    frame.format = format;
    return true;
  }
  if (name == "seenAt") return read_text(value, frame.seen_at);
  if (name == "describedAt") return read_text(value, frame.described_at);
  if (name == "detail") return read_object(value, frame.detail);
  if (name == "describe") return read_object(value, frame.describe);
  if (name == "tombstone") frame.tombstone = true;
  return true;  // A field of a later day.
}

Result<RawFrame> read_frame(std::string_view bytes) {
  auto walked = reader().hold(bytes).walk();
  simdjson::ondemand::object root;
  if (walked.get_object().get(root)) return fail(ErrorKind::kInvalid, "not a JSON object");
  RawFrame frame;
  for (auto field : root) {
    std::string_view name;
    simdjson::ondemand::value value;
    if (field.unescaped_key().get(name) || field.value().get(value) ||
        !read_frame_field(name, value, frame)) {
      return fail(ErrorKind::kInvalid, "a field of the frame cannot be read");
    }
  }
  frame.detail = reader().in_original(frame.detail, bytes);
  frame.describe = reader().in_original(frame.describe, bytes);
  return frame;
}

}  // namespace

std::string task_key(const TaskArn& arn) { return std::string{kTasksPrefix} + arn.value; }
std::string instance_key(const ContainerInstanceArn& arn) {
  return std::string{kInstancesPrefix} + arn.value;
}
std::string cluster_key(const ClusterArn& arn) { return std::string{kClustersPrefix} + arn.value; }

std::string encode_stored(const StoredParts& parts) {
  std::string bytes;
  bytes.reserve(parts.detail.size() + parts.describe.size() + 128);
  bytes += kFrameStart;
  bytes += "\"seenAt\":\"";
  bytes += format_time(parts.seen_at);
  if (parts.described_at) {
    bytes += "\",\"describedAt\":\"";
    bytes += format_time(*parts.described_at);
  }
  bytes += "\",\"detail\":";
  bytes += parts.detail;
  if (!parts.describe.empty()) {
    bytes += ",\"describe\":";
    bytes += parts.describe;
  }
  bytes += '}';
  return bytes;
}

std::string encode_tombstone(const Tombstone& tombstone) {
  std::string bytes{kFrameStart};
  bytes += "\"tombstone\":{";
  if (tombstone.version) {
    bytes += "\"version\":" + std::to_string(tombstone.version->value) + ",";
  }
  bytes += "\"at\":\"" + format_time(tombstone.at) + "\",\"reason\":";
  internal::append_json_text(bytes, tombstone.reason);
  bytes += ",\"cluster\":";
  internal::append_json_text(bytes, tombstone.cluster.value);
  bytes += "}}";
  return bytes;
}

Result<std::variant<StoredParts, Tombstone>> split_stored(std::string_view bytes) {
  auto frame = read_frame(bytes);
  if (!frame) return frame.error_in("decode stored object");
  if (const auto known = check_format(frame->format); !known) {
    return known.error_in("decode stored object");
  }
  if (frame->tombstone) {
    simdjson::dom::object inner;
    const auto root = reader().parse();
    if (!root || root->at_key("tombstone").get(inner)) {
      return fail(ErrorKind::kInvalid, "decode stored object: tombstone is not an object");
    }
    auto tombstone = read_tombstone(inner);
    if (!tombstone) return tombstone.error_in("decode stored object");
    return std::move(*tombstone);
  }
  StoredParts parts{frame->detail, frame->describe, std::nullopt, {}};
  if (parts.detail.empty()) {
    return fail(ErrorKind::kInvalid, "decode stored object: detail is missing");
  }
  const auto seen_at = read_time_field(frame->seen_at, "seenAt");
  if (!seen_at) return seen_at.error_in("decode stored object");
  parts.seen_at = *seen_at;
  if (frame->described_at) {
    const auto described_at = parse_time(*frame->described_at);
    if (!described_at) return described_at.error_in("decode stored object: describedAt");
    parts.described_at = *described_at;
  }
  return parts;
}

std::string encode_sync_mark(const SyncMark& mark) {
  std::string bytes =
      std::string{kFrameStart} + "\"syncedAt\":\"" + format_time(mark.synced_at) + '"';
  if (!mark.holes.is_empty()) internal::append_holes(bytes += ",\"holes\":", mark.holes);
  return bytes += '}';
}

Result<SyncMark> decode_sync_mark(std::string_view bytes) {
  const auto root = reader().hold(bytes).parse();
  if (!root) return root.error_in("decode sync mark");
  if (const auto known = check_format(find_integer(*root, "v")); !known) {
    return known.error_in("decode sync mark");
  }
  const auto time = read_time_field(find_text(*root, "syncedAt"), "syncedAt");
  if (!time) return time.error_in("decode sync mark");
  SyncMark mark{*time};
  simdjson::dom::object inner;
  if (root->at_key("holes").get(inner)) return mark;
  auto holes = internal::read_holes(inner);
  if (!holes) return holes.error_in("decode sync mark");
  mark.holes = *std::move(holes);
  return mark;
}

}  // namespace blox::codec
