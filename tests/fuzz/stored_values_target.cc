// What stands in the store: cluster state (codec/stored*.h), the scheduler's records
// (scheduler/environments/record_codec.h) and values in the file (store/value_codec.h). Every
// decoder reads the input.
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "codec/stored.h"
#include "codec/stored_overlay.h"
#include "codec/stored_records.h"
#include "fuzz/oracle.h"
#include "scheduler/environments/record_codec.h"
#include "store/value_codec.h"

namespace blox::fuzz {
namespace {

using codec::StoredParts;
using codec::Tombstone;

void check_tombstone(const Tombstone& tombstone) {
  check_time(tombstone.at);
  const auto again = codec::split_stored(codec::encode_tombstone(tombstone));
  check(again && std::get<Tombstone>(*again) == tombstone, "a tombstone is read back");
}

bool is_object(std::string_view text) { return codec::overlay_detail(text, "{}").has_value(); }

void check_parts(const StoredParts& parts) {
  check_time(parts.seen_at);
  if (parts.described_at) check_time(*parts.described_at);
  // Parts are found without being decoded, and only what is JSON may be joined again.
  if (!is_object(parts.detail)) return;
  if (!parts.describe.empty() && !is_object(parts.describe)) return;
  const std::string bytes = codec::encode_stored(parts);
  const auto again = codec::split_stored(bytes);
  check(again && std::holds_alternative<StoredParts>(*again), "parts are read back");
  const auto& read = std::get<StoredParts>(*again);
  check(read.detail == parts.detail && read.describe == parts.describe &&
            read.seen_at == parts.seen_at && read.described_at == parts.described_at,
        "parts are read back as they were");
}

// The two texts as two accounts of one object.
void check_overlay(std::string_view held, std::string_view described) {
  const auto joined = codec::overlay_detail(held, described);
  check_error(joined);
  check(codec::is_same_json(held, held), "a text is the same as itself");
  check(codec::is_same_json(held, described) == codec::is_same_json(described, held),
        "being the same goes both ways");
  if (!joined || !*joined) return;
  check((*joined)->size() <= 32 * (held.size() + described.size()), "joining adds nothing");
  const auto again = codec::overlay_detail(**joined, described);
  check(again && !*again, "laid over again nothing changes");
}

// The whole, its head and the parts agree.
template <class Object>
void check_object(std::string_view bytes,
                  const Result<std::variant<codec::StoredObject<Object>, Tombstone>>& decoded) {
  check_error(decoded);
  if (!decoded) return;
  const auto head = codec::decode_stored_head(bytes);
  check(head.has_value(), "what can be decoded whole has a head");
  const auto* object = std::get_if<codec::StoredObject<Object>>(&*decoded);
  check(std::holds_alternative<Tombstone>(*head) == (object == nullptr),
        "one is what the other is");
  if (object == nullptr) return;
  const auto& read = std::get<codec::StoredHead>(*head);
  check(read.cluster == object->object.cluster && read.version == object->object.version,
        "the head names what the whole names");
  check(bytes.find(object->parts.detail) != bytes.npos, "the detail is part of the value");
}

void cluster_state(std::string_view bytes) {
  const MemoryBound bound{bytes};
  const auto split = codec::split_stored(bytes);
  check_error(split);
  if (split) {
    if (const auto* tombstone = std::get_if<Tombstone>(&*split)) check_tombstone(*tombstone);
    if (const auto* parts = std::get_if<StoredParts>(&*split)) {
      check_parts(*parts);
      if (!parts->describe.empty()) check_overlay(parts->detail, parts->describe);
    }
  }
  check_error(codec::decode_stored_head(bytes));
  check_object(bytes, codec::decode_stored_task(bytes));
  check_object(bytes, codec::decode_stored_instance(bytes));
  const auto mark = codec::decode_sync_mark(bytes);
  check_error(mark);
  if (mark) {
    check_time(mark->synced_at);
    check(gives(codec::decode_sync_mark(codec::encode_sync_mark(*mark)), *mark),
          "a mark is read back");
  }
}

void records(std::string_view bytes) {
  const MemoryBound bound{bytes};
  const auto letter = codec::decode_dead_letter(bytes);
  check_error(letter);
  if (letter && letter->body.size() <= codec::kDeadLetterBodyMax) {
    check(gives(codec::decode_dead_letter(codec::encode_dead_letter(*letter)), *letter),
          "a dead letter is read back");
  }
  const auto event = codec::decode_stored_event(bytes);
  check_error(event);
  if (event) {
    check(gives(codec::decode_stored_event(codec::encode_stored_event(*event)), *event),
          "an event is read back");
  }
  const auto number = codec::parse_dead_letter_key(bytes);
  check_error(number);
  if (number) check(codec::dead_letter_key(*number) == bytes, "a key is its number");
  const auto prefix = codec::events_prefix(bytes);
  check(prefix.size() <= 3 * bytes.size() + codec::kEventsPrefix.size() + 1,
        "a byte of a key becomes three at most");
  check(prefix.find('/', codec::kEventsPrefix.size()) == prefix.size() - 1, "a type is one step");
}

template <class Record>
void scheduler_record(std::string_view bytes, Result<Record> (*decode)(const store::KeyValue&)) {
  store::KeyValue entry;
  entry.key = "scheduler/records/1";
  entry.value = std::make_shared<const std::string>(bytes);
  entry.mod_revision = 5;
  const auto record = decode(entry);
  check_error(record, ErrorKind::kInternal);
  if (!record) return;
  check(record->mod_revision == 5, "the revision is the entry's");
  const std::string encoded = scheduler::encode_record(*record);
  entry.value = std::make_shared<const std::string>(encoded);
  const auto again = decode(entry);
  check(again.has_value(), "a record is read back");
  check(scheduler::encode_record(*again) == encoded, "a record is read back as it was");
}

void scheduler_records(std::string_view bytes) {
  const MemoryBound bound{bytes};
  scheduler_record(bytes, &scheduler::decode_environment);
  scheduler_record(bytes, &scheduler::decode_deployment);
  scheduler_record(bytes, &scheduler::decode_intent);
  scheduler_record(bytes, &scheduler::decode_outcome);
  scheduler_record(bytes, &scheduler::decode_emptied);
}

void values(std::string_view bytes) {
  static store::ValueCodec codec;
  // A compressed value may be as large as a commit, whatever its size in the file.
  const MemoryBound bound{bytes, store::kCommitBytesMax + std::size_t{512} * 1'024};
  const auto restored = codec.decode(store::ValueEncoding::kZstd, bytes);
  check_error(restored, ErrorKind::kInternal);
  if (restored) check(restored->size() <= store::kCommitBytesMax, "a value fits into a commit");
  const auto encoded = codec.encode(bytes);
  check(encoded.bytes.size() <= bytes.size(), "compressing makes nothing longer");
  // The codec's buffer holds the bytes until its next call.
  const std::string held{encoded.bytes};
  const auto again = codec.decode(encoded.encoding, held);
  check(again && *again == bytes, "a value is read back");
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = blox::fuzz::as_text(data, size);
  blox::fuzz::cluster_state(bytes);
  blox::fuzz::records(bytes);
  blox::fuzz::scheduler_records(bytes);
  blox::fuzz::values(bytes);
  return 0;
}
