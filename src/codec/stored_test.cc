// Values of the store: what is written is read back, and nothing else is taken for it.
#include "codec/stored.h"

#include <gtest/gtest.h>

#include <tuple>

#include "codec/ecs_event.h"
#include "codec/stored_overlay.h"
#include "codec/stored_records.h"

namespace blox::codec {
namespace {

constexpr WallTime kSeen{std::chrono::milliseconds{1'787'220'003'412}};
constexpr std::string_view kTask =
    R"({"taskArn":"t","clusterArn":"c","lastStatus":"RUNNING","version":3,"new":{"deep":[1,"}"]}})";

TEST(Stored, PartsComeBackAsTheyWere) {
  const std::string bytes = encode_stored(
      {kTask, R"({"healthStatus":"HEALTHY"})", kSeen - std::chrono::seconds{1}, kSeen});
  const auto split = split_stored(bytes);
  ASSERT_TRUE(split) << split.error().message;
  const auto& parts = std::get<StoredParts>(*split);
  EXPECT_EQ(parts.detail, kTask);
  EXPECT_EQ(parts.describe, R"({"healthStatus":"HEALTHY"})");
  EXPECT_EQ(parts.seen_at, kSeen);
  EXPECT_EQ(parts.described_at, kSeen - std::chrono::seconds{1});
  const auto task = decode_stored_task(bytes);
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(std::get<StoredTask>(*task).object.health_status, "HEALTHY");
  EXPECT_EQ(std::get<StoredTask>(*task).object.version, EcsVersion{3});
  const auto head = decode_stored_head(bytes);
  ASSERT_TRUE(head);
  EXPECT_EQ(std::get<StoredHead>(*head).status, "RUNNING");
}

TEST(Stored, WithoutDescribeThereIsNone) {
  const std::string bytes = encode_stored({kTask, {}, std::nullopt, kSeen});
  const auto split = split_stored(bytes);
  ASSERT_TRUE(split);
  EXPECT_TRUE(std::get<StoredParts>(*split).describe.empty());
  EXPECT_FALSE(std::get<StoredParts>(*split).described_at);
}

TEST(Stored, TombstonesComeBack) {
  for (const auto version : {std::optional{EcsVersion{7}}, std::optional<EcsVersion>{}}) {
    const Tombstone tombstone{version, kSeen, "missing", ClusterArn{"arn:\"c\""}};
    const std::string bytes = encode_tombstone(tombstone);
    const auto task = decode_stored_task(bytes);
    ASSERT_TRUE(task) << task.error().message;
    EXPECT_EQ(std::get<Tombstone>(*task), tombstone);
    const auto instance = decode_stored_instance(bytes);
    ASSERT_TRUE(instance);
    EXPECT_EQ(std::get<Tombstone>(*instance), tombstone);
  }
}

TEST(Stored, OtherFormatsAreRefused) {
  for (const char* bytes :
       {"", "[]", "{}", R"({"v":2,"seenAt":"2026-08-20T10:00:03Z","detail":{}})",
        R"({"v":1,"seenAt":"2026-08-20T10:00:03Z"})", R"({"v":1,"detail":{}})",
        R"({"v":1,"seenAt":"soon","detail":{}})", R"({"v":1,"tombstone":{"reason":"x"}})",
        R"({"v":1,"seenAt":"2026-08-20T10:00:03Z","detail":{"taskArn":"t"}})"}) {
    const auto task = decode_stored_task(bytes);
    ASSERT_FALSE(task) << bytes;
    EXPECT_EQ(task.error().kind, ErrorKind::kInvalid);
  }
}

TEST(Stored, OddOptionalFieldsHideNoTask) {
  const auto task = decode_task_detail(
      R"({"taskArn":"t","clusterArn":"c","lastStatus":"RUNNING","group":5,"startedBy":null,)"
      R"("containers":[7,{"name":"main","exitCode":"137","networkBindings":{}}],"overrides":[]})");
  ASSERT_TRUE(task) << task.error().message;
  EXPECT_EQ(task->containers.size(), 1U);
  EXPECT_EQ(task->group, "");
}

TEST(Stored, SyncMarksComeBack) {
  EXPECT_EQ(decode_sync_mark(encode_sync_mark({kSeen})), SyncMark{kSeen});
  SyncMark mark{kSeen};
  mark.holes.add(TaskArn{"arn:aws:ecs:eu-west-1:123456789012:task/prod/\"odd\""});
  mark.holes.add(ContainerInstanceArn{"i"});
  EXPECT_EQ(decode_sync_mark(encode_sync_mark(mark)), mark);
  EXPECT_EQ(decode_sync_mark(R"({"v":1,"syncedAt":"2026-08-20T10:00:03.412Z"})"), SyncMark{kSeen})
      << "as it was before there were holes";
  EXPECT_FALSE(decode_sync_mark(
      R"({"v":1,"syncedAt":"2026-08-20T10:00:03.412Z","holes":{"tasks":-1,"instances":0}})"));
  for (int number = 0; number < 30; ++number) mark.holes.arns.insert(std::to_string(number));
  const auto bounded = decode_sync_mark(encode_sync_mark(mark));
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->holes.arns.size(), Holes::kNamedMax) << "however many somebody has written";
  EXPECT_FALSE(decode_sync_mark(R"({"v":1})"));
  EXPECT_FALSE(decode_sync_mark(R"({"v":2,"syncedAt":"2026-08-20T10:00:03Z"})"));
  EXPECT_FALSE(decode_sync_mark(R"({"syncedAt":"2026-08-20T10:00:03Z"})"));
}

TEST(StoredRecords, ComeBack) {
  const DeadLetter letter{"m1", "why: \"x\"\n", "body\t\x01", 6, kSeen};
  EXPECT_EQ(decode_dead_letter(encode_dead_letter(letter)), letter);
  const DeadLetter member{"m1", "why", "body", 6, kSeen, 17};
  EXPECT_EQ(decode_dead_letter(encode_dead_letter(member)), member);
  const auto old = decode_dead_letter(
      R"({"v":1,"messageId":"m1","at":"2026-08-20T10:00:03.412Z","error":"why","body":"b"})");
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ(old->member, 0U) << "of a program that did not tell";
  EXPECT_FALSE(decode_dead_letter(
      R"({"v":1,"messageId":"m1","member":-1,"at":"2026-08-20T10:00:03.412Z"})"));
  const DeadLetter torn{"m2", "why", "caf\xc3\xa9 \xff\xed\xa0\x80", 9, kSeen};
  const auto mended = decode_dead_letter(encode_dead_letter(torn));
  ASSERT_TRUE(mended) << mended.error().message;
  EXPECT_EQ(mended->body, "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  const StoredEvent event{"e1", "ECS Tea Break", "c", "2026-08-20T10:00:03Z", R"({"a":"}"})"};
  EXPECT_EQ(decode_stored_event(encode_stored_event(event)), event);
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

// What is stored of an event stands one step deeper than in the message.
TEST(StoredRecords, AnEventThatIsTakenIsReadBackHoweverDeepItIs) {
  bool any_refused = false;
  for (std::size_t depth = 1'000; depth <= 1'030; ++depth) {
    const std::string raw =
        R"({"id":"e","detail-type":"A","time":"2026-08-20T10:00:03Z","detail":{"a":)" +
        nested(depth) + "}}";
    const auto event = decode_ecs_event(raw);
    any_refused |= !event;
    if (!event) continue;
    const auto& kept = std::get<StoredEvent>(event->what);
    const auto again = decode_stored_event(encode_stored_event(kept));
    ASSERT_TRUE(again) << depth << ": " << again.error().message;
    EXPECT_EQ(*again, kept);
  }
  EXPECT_TRUE(any_refused) << "no depth is too much, and this test shows nothing";
}

TEST(StoredRecords, NoDeadLetterHasANegativeSize) {
  const auto letter = decode_dead_letter(R"({"v":1,"at":"2026-08-20T10:00:03Z","bodyBytes":-1})");
  ASSERT_FALSE(letter);
  EXPECT_EQ(letter.error().message, "decode dead letter: bodyBytes is negative");
}

TEST(StoredRecords, KeysOrderByArrivalAndTime) {
  EXPECT_LT(dead_letter_key(9), dead_letter_key(10));
  EXPECT_EQ(parse_dead_letter_key(dead_letter_key(42)), 42U);
  EXPECT_FALSE(parse_dead_letter_key("cluster-state/deadletters/42"));
  EXPECT_EQ(event_key("A/b c", kSeen, "x/1"),
            "cluster-state/events/A%2Fb c/" + format_time(kSeen) + "/x%2F1");
}

TEST(StoredOverlay, TellsFormFromTruth) {
  const std::tuple<const char*, const char*, const char*, const char*> rows[] = {
      {"equal", R"({"a":1})", R"({"a":1})", ""},
      {"times in another form", R"({"t":"2026-08-20T10:00:03.1Z"})",
       R"({"t":"2026-08-20T10:00:03.100Z"})", ""},
      {"another time", R"({"t":"2026-08-20T10:00:03Z"})", R"({"t":"2026-08-20T10:00:04Z"})",
       R"({"t":"2026-08-20T10:00:04Z"})"},
      {"named things in another order", R"({"l":[{"name":"a","v":1},{"name":"b"}]})",
       R"({"l":[{"name":"b"},{"name":"a","v":1.0}]})", ""},
      {"nothing in another form", R"({"a":1})", R"({"a":1,"l":[],"o":{},"n":null})", ""},
      {"what Describe leaves out stays", R"({"a":1,"b":2})", R"({"a":3})", R"({"a":3,"b":2})"},
      {"a null erases nothing", R"({"a":1})", R"({"a":null})", ""},
      {"an empty list is a fact", R"({"l":[1]})", R"({"l":[]})", R"({"l":[]})"},
      {"one attribute less", R"({"l":[{"name":"a"},{"name":"b"}]})", R"({"l":[{"name":"a"}]})",
       R"({"l":[{"name":"a"}]})"},
      {"plain lists have an order", R"({"l":[1,2]})", R"({"l":[2,1]})", R"({"l":[2,1]})"},
      {"a number of many digits", R"({"a":1111111111111111111115})",
       R"({"a":1.111111111111111111115E21})", ""},
      {"a new field", R"({})", R"({"a":"x"})", R"({"a":"x"})"},
  };
  for (const auto& [rule, held, described, expected] : rows) {
    const auto joined = overlay_detail(held, described);
    ASSERT_TRUE(joined) << rule;
    EXPECT_EQ(joined->value_or(""), expected) << rule;
    if (!joined->has_value()) continue;
    const auto again = overlay_detail(**joined, described);
    ASSERT_TRUE(again) << rule;
    EXPECT_FALSE(again->has_value()) << rule;
  }
  EXPECT_FALSE(overlay_detail("{}", "[]"));
  EXPECT_TRUE(is_same_json("", "{}"));
  EXPECT_FALSE(is_same_json("", R"({"healthStatus":"HEALTHY"})"));
}

// Each depth once: at twice a depth this would not end.
TEST(StoredOverlay, DeepObjectsCostNoMoreThanTheirSize) {
  std::string deep = "1";
  for (int depth = 0; depth < 30; ++depth) deep = R"({"a":)" + deep + "}";
  EXPECT_TRUE(is_same_json(deep, deep + " "));
  const auto joined = overlay_detail(deep, deep + " ");
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_FALSE(joined->has_value());
}

}  // namespace
}  // namespace blox::codec
