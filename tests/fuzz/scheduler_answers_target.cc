// Answers of both services as our clients read them: codec/api_objects.h and
// codec/scheduler_objects.h. Every decoder reads the input.
#include <charconv>
#include <string>
#include <string_view>

#include "codec/api_objects.h"
#include "codec/scheduler_objects.h"
#include "fuzz/oracle.h"

namespace blox::fuzz {
namespace {

void check_bookmark(const codec::Bookmark& bookmark) {
  check(bookmark.entity_version >= 0, "a version is not negative");
  for (const auto& [cluster, time] : bookmark.synced_at) {
    check_time(time);
    if (!parse_cluster_arn(cluster.value)) return;  // A service names clusters of ECS alone.
  }
  const auto line = codec::decode_change<Task>(codec::encode_bookmark_line(bookmark));
  check(line && line->kind == codec::ChangeKind::kBookmark, "a bookmark is read back");
  check(line->bookmark == bookmark, "a bookmark is read back as it was");
}

template <class Object>
void check_versioned(const codec::Versioned<Object>& entry) {
  const std::string plain = codec::encode_object(entry.entity_version, entry.object);
  const auto again = codec::decode_object<Object>(plain);
  check(again && again->entity_version == entry.entity_version && again->object == entry.object,
        "an object is read back");
  if (!entry.age) return;
  const auto aged = codec::decode_change<Object>(codec::encode_aged_begin(*entry.age) +
                                                 plain.substr(codec::kObjectBegin.size()));
  check(aged && aged->entry == entry, "an age is read back");
}

template <class Object>
void cluster_state(std::string_view json) {
  const MemoryBound bound{json};
  const auto one = codec::decode_object<Object>(json);
  check_error(one);
  if (one) check_versioned(*one);

  const auto list = codec::decode_list<Object>(json);
  check_error(list);
  if (list) {
    for (const auto& item : list->items) check_versioned(item);
    if (!list->bookmark.store_id.empty()) check_bookmark(list->bookmark);
  }

  const auto change = codec::decode_change<Object>(json);
  const bool compacted = !change && change.error().kind == ErrorKind::kCompacted;
  check_error(change, compacted ? ErrorKind::kCompacted : ErrorKind::kInvalid);
  if (!change) return;
  if (change->kind == codec::ChangeKind::kPut) check_versioned(change->entry);
  if (change->kind == codec::ChangeKind::kBookmark) check_bookmark(change->bookmark);
  if (change->kind == codec::ChangeKind::kDeleted) {
    const auto again = codec::decode_change<Object>(codec::encode_deleted(
        change->entry.entity_version, change->entry.object.arn, change->entry.object.cluster));
    check(again && again->kind == change->kind && again->entry == change->entry,
          "a deletion is read back");
  }
}

// A count may come as text, and is a number from then on: "02" is 2.
void settle(codec::EnvironmentObject& environment) {
  std::string& text = environment.max_unavailable;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && end == text.data() + text.size()) text = std::to_string(count);
}
void settle(codec::DeploymentObject&) {}

void check_times(const codec::EnvironmentObject& environment) {
  if (environment.created_at) check_time(*environment.created_at);
}
void check_times(const codec::DeploymentObject& deployment) {
  for (const auto& time : {deployment.created_at, deployment.started_at, deployment.ended_at}) {
    if (time) check_time(*time);
  }
}

template <class Object>
void objects(std::string_view json, Result<Object> (*decode)(std::string_view),
             Result<codec::ObjectPage<Object>> (*decode_page)(std::string_view)) {
  auto one = decode(json);
  check_error(one);
  if (one) {
    settle(*one);
    check_times(*one);
    check(gives(decode(codec::encode_object(*one)), *one), "an object is read back");
  }
  auto page = decode_page(json);
  check_error(page);
  if (!page) return;
  for (auto& item : page->items) settle(item);
  const auto again = decode_page(codec::encode_page(*page));
  check(again && again->items == page->items && again->next_token == page->next_token,
        "a page is read back");
}

void scheduler(std::string_view json) {
  const MemoryBound bound{json};
  objects(json, &codec::decode_environment_object, &codec::decode_environment_page);
  objects(json, &codec::decode_deployment_object, &codec::decode_deployment_page);
  const auto list = codec::decode_instance_status_list(json);
  check_error(list);
  if (!list) return;
  if (list->decided_at) check_time(*list->decided_at);
  const auto again = codec::decode_instance_status_list(codec::encode_list(*list));
  check(again && again->items == list->items && again->decided_at == list->decided_at,
        "a list of instances is read back");
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = blox::fuzz::as_text(data, size);
  blox::fuzz::cluster_state<blox::Task>(json);
  blox::fuzz::cluster_state<blox::ContainerInstance>(json);
  blox::fuzz::scheduler(json);
  return 0;
}
