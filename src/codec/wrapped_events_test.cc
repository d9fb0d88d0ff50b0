// Events in the wrapping of other services, and what is wrong with members of them.
#include "codec/wrapped_events.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace blox::codec {
namespace {

namespace json = boost::json;

std::string fixture(const std::string& name) {
  std::ifstream file{std::filesystem::path{BLOX_FIXTURES} / name};
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string as_text(const std::string& text) { return json::serialize(json::value(text)); }

// "a b" of the events by id; of those refused, the error in brackets.
std::string read(std::string_view body) {
  std::string text;
  for (const WrappedEvent& member : decode_wrapped_events(body)) {
    if (!text.empty()) text += " ";
    text += member.event ? member.event->id : "[" + member.event.error().message + "]";
  }
  return text;
}

const std::string kEvent = R"({"source":"aws.ecs","id":"a","detail-type":"ECS Tea Break",)"
                           R"("time":"2026-08-20T10:00:03Z","detail":{"says":"\"["}})";
std::string named(std::string id) {
  std::string text = kEvent;
  return text.replace(text.find("\"a\""), 3, "\"" + id + "\"");
}

TEST(WrappedEvents, OpensEachShape) {
  for (const char* name : {"wrapped_sns.json", "wrapped_array.json", "wrapped_records.json",
                           "wrapped_body.json", "wrapped_sns_in_records.json"}) {
    const auto members = decode_wrapped_events(fixture(name));
    ASSERT_FALSE(members.empty()) << name;
    for (const WrappedEvent& member : members) {
      ASSERT_TRUE(member.event) << name << ": " << member.event.error().message;
      const auto* task = std::get_if<TaskReport>(&member.event->what);
      ASSERT_TRUE(task) << name;
      EXPECT_EQ(task->version, EcsVersion{3}) << name;
      EXPECT_TRUE(task->detail.starts_with('{') && task->detail.ends_with('}')) << name;
    }
  }
  EXPECT_EQ(decode_wrapped_events(fixture("wrapped_array.json")).size(), 2U);
  EXPECT_EQ(decode_wrapped_events(fixture("wrapped_records.json")).size(), 2U);
}

TEST(WrappedEvents, WhatIsNoWrappingIsLeft) {
  for (const std::string& body :
       {named("a"), std::string{"{}"}, std::string{"null"}, std::string{"\"text\""}, std::string{},
        std::string{"no JSON"}, std::string{R"({"Type":"SubscriptionConfirmation","Message":"m"})"},
        std::string{R"({"Message":"m"})"}, std::string{R"({"Records":"r"})"}, std::string{"[{]}"},
        std::string{"[\"]"}}) {
    EXPECT_TRUE(decode_wrapped_events(body).empty()) << body;
  }
  EXPECT_TRUE(decode_wrapped_events("[" + std::string(kEventBytesMax, ' ') + "]").empty());
}

TEST(WrappedEvents, OneBadMemberCostsNoOther) {
  EXPECT_EQ(read("[" + named("a") + "," + named("b") + "]"), "a b");
  EXPECT_EQ(read(" [ " + named("a") + " , 7 , " + named("c") + " ]\n"),
            "a [member 2 of 3: decode event: not a JSON object: The JSON element "
            "does not have the requested type.] c");
  // What no parser takes, in one member: half a surrogate, a control byte, bytes that are no
  // UTF-8, a number beyond all, an unfinished word.
  for (const std::string& bad :
       {std::string{R"({"id":"\ud800"})"}, std::string{"{\"id\":\"\x01\"}"},
        std::string{"{\"id\":\"\xff\"}"}, std::string{"{\"id\":1e999}"},
        std::string{"{\"id\":tru}"}, std::string{}}) {
    const auto members =
        decode_wrapped_events("[" + named("a") + "," + bad + "," + named("c") + "]");
    ASSERT_EQ(members.size(), 3U) << bad;
    EXPECT_TRUE(members[0].event && members[2].event) << bad;
    ASSERT_FALSE(members[1].event) << bad;
    EXPECT_EQ(members[1].body, bad) << "as it came";
  }
  EXPECT_EQ(read(R"({"Records":[{"body":)" + as_text(named("a")) + R"(},{"body":"x"},{"body":)" +
                 named("c") + "}]}")
                .substr(0, 40),
            "a [member 2 of 3: in a record: decode ev");
}

TEST(WrappedEvents, SaysWhereTheErrorIs) {
  EXPECT_EQ(read(R"({"Type":"Notification","Message":"{}"})"),
            "[in an SNS notification: decode event: id is missing, empty or not a text]");
  EXPECT_EQ(read("[]"), "[an array without any event]");
  EXPECT_EQ(read(R"({"Records":[]})"), "[records without any event]");
  EXPECT_EQ(read("[[]]"), "[in an array: an array without any event]");
}

TEST(WrappedEvents, BoundsWrappingsAndMembers) {
  std::string deep = named("a");
  for (int wrapping = 0; wrapping < kWrappingsMax; ++wrapping) deep = "[" + deep + "]";
  EXPECT_EQ(read(deep), "a");
  EXPECT_EQ(decode_wrapped_events("[" + deep + "]").size(), 1U);
  EXPECT_FALSE(decode_wrapped_events("[" + deep + "]")[0].event);
  EXPECT_FALSE(
      decode_wrapped_events(std::string(500'000, '[') + std::string(500'000, ']')).empty());
  std::string many = "[0";
  for (std::size_t member = 1; member <= 4'096; ++member) many += ",0";
  EXPECT_EQ(read(many + "]"), "[more than 128 members]");
  std::string events = "[" + named("a");
  for (int member = 1; member < 1'000; ++member) events += "," + named("a");
  EXPECT_EQ(decode_wrapped_events(events + "]").size(), 1'000U);
  EXPECT_EQ(read("[" + many + "],{}]").substr(0, 20), "[member 1 of 2: more");
}

// However they are spread; and of what there is no room for nothing is lost.
TEST(WrappedEvents, BoundsMembersOfArraysWithinArrays) {
  std::string twenty = "[0";
  for (int member = 1; member < 20; ++member) twenty += ",0";
  twenty += "]";
  std::string nested = "[" + twenty;
  for (int array = 1; array < 20; ++array) nested += "," + twenty;
  nested += "]";
  const auto members = decode_wrapped_events(nested);
  ASSERT_EQ(members.size(), 61U) << "three arrays, and what says that there are more";
  ASSERT_FALSE(members.back().event);
  EXPECT_EQ(members.back().event.error().message, "member 4 of 20: more than 64 members");
  EXPECT_EQ(members.back().body, nested);
}

}  // namespace
}  // namespace blox::codec
