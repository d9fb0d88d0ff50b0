// Messages that are several events, or one in the wrapping of another service.
#include "cluster_state/ingest/queue_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster_state/ingest/testing_consumer.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using testing::ConsumerWorld;
using testing::task_event;

std::string as_text(const std::string& text) {
  std::string quoted{"\""};
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "\"";
}

TEST(QueueConsumer, TakesWhatIsWrapped) {
  ConsumerWorld world;
  world.start();
  const auto event = [&world](const char* id) {
    return task_event({.id = id}, world.loop.wall_now());
  };
  world.queue.push(R"({"Type":"Notification","Message":)" + as_text(event("1")) + "}");
  world.queue.push("[" + event("2") + "," + event("3") + "]");
  world.queue.push(R"({"Records":[{"body":)" + as_text(event("4")) + "}]}");
  world.queue.push(R"({"body":)" + as_text(event("5")) + "}");
  EXPECT_TRUE(world.drains(5s));
  for (const char* id : {"1", "2", "3", "4", "5"}) EXPECT_EQ(world.task(id), "v1 RUNNING") << id;
  EXPECT_EQ(world.count_of("blox_ingest_dead_letters_total"), 0);
}

// What no parser takes in one text costs neither the event nor the others.
TEST(QueueConsumer, TakesEventsThatAreAlmostJson) {
  ConsumerWorld world;
  world.start();
  const auto event = [&world](const char* id, const char* reason) {
    return task_event({.id = id, .more = "\"stoppedReason\":" + std::string{reason} + ","},
                      world.loop.wall_now());
  };
  world.queue.push(event("1", R"("half \ud83d")"));
  world.queue.push("[" + event("2", "1e999") + "," + event("3", "\"a\tb\"") + "]");
  world.queue.push(R"({"Type":"Notification","Message":)" + as_text(event("4", R"("\ud83d")")) +
                   "}");
  EXPECT_TRUE(world.drains(5s));
  for (const char* id : {"1", "2", "3", "4"}) EXPECT_EQ(world.task(id), "v1 RUNNING") << id;
  EXPECT_EQ(world.count_of("blox_ingest_dead_letters_total"), 0);
  EXPECT_EQ(world.count_of("blox_ingest_repaired_total"), 4);
  EXPECT_EQ(world.health(), "");
}

TEST(QueueConsumer, OneBadMemberIsADeadLetterAndCostsNoOther) {
  ConsumerWorld world;
  world.start();
  world.queue.push("[" + task_event({.id = "1"}, world.loop.wall_now()) + R"(,{"what":"?"},)" +
                   task_event({.id = "2"}, world.loop.wall_now()) + "]");
  EXPECT_TRUE(world.drains(5s));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
  const auto letter = codec::decode_dead_letter(world.content().at(codec::dead_letter_key(1)));
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->body, R"({"what":"?"})");
  EXPECT_TRUE(letter->error.starts_with("member 2 of 3: ")) << letter->error;
  EXPECT_EQ(world.health(), "") << "it could be read";
}

// Members by the dozen that nobody can read are one dead letter, and one message.
TEST(QueueConsumer, ManyBadMembersAreOneDeadLetter) {
  ConsumerWorld world;
  world.start();
  std::string body = "[" + task_event({.id = "1"}, world.loop.wall_now());
  for (int member = 0; member < 50; ++member) body += ",0";
  world.queue.push(body + "]");
  EXPECT_TRUE(world.drains(5s));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.count_of("blox_ingest_dead_letters_total"), 1);
}

// A member that the store refuses costs no other either, and nothing is deleted before the others
// are durable.
TEST(QueueConsumer, AMemberThatTheStoreRefusesIsADeadLetter) {
  ConsumerWorld world;
  const std::string poison = codec::task_key(testing::task_arn("2"));
  world.faults.refuse = [&](const store::Commit& commit) -> std::optional<Error> {
    const bool refused =
        std::ranges::any_of(commit.puts, [&](const auto& put) { return put.key == poison; });
    return refused ? std::optional{Error{ErrorKind::kInvalid, "too large"}} : std::nullopt;
  };
  world.start();
  std::string body = "[";
  for (const char* id : {"1", "2", "3"}) {
    body += task_event({.id = id}, world.loop.wall_now()) + (id[0] == '3' ? "]" : ",");
  }
  world.queue.push(body);
  EXPECT_TRUE(world.drains(20s));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.task("2"), "none");
  EXPECT_EQ(world.task("3"), "v1 RUNNING");
  const auto letter = codec::decode_dead_letter(world.content().at(codec::dead_letter_key(1)));
  ASSERT_TRUE(letter);
  EXPECT_NE(letter->body.find(testing::task_arn("2").value), std::string::npos);
  EXPECT_EQ(letter->body.find(testing::task_arn("1").value), std::string::npos);
}

TEST(QueueConsumer, AMessageGoesWhenAllItsMembersAreDurable) {
  ConsumerWorld world;
  bool is_full = true;
  const std::string last = codec::task_key(testing::task_arn("2"));
  world.faults.refuse = [&](const store::Commit& commit) -> std::optional<Error> {
    const bool refused = is_full && std::ranges::any_of(commit.puts, [&](const auto& put) {
                           return put.key == last;
                         });
    return refused ? std::optional{Error{ErrorKind::kUnavailable, "disk full"}} : std::nullopt;
  };
  world.start();
  world.queue.push("[" + task_event({.id = "1"}, world.loop.wall_now()) + "," +
                   task_event({.id = "2"}, world.loop.wall_now()) + "]");
  world.loop.run_for(1min);
  EXPECT_EQ(world.queue.removed_count, 0U);
  is_full = false;
  EXPECT_TRUE(world.drains(2min));
  EXPECT_EQ(world.task("1"), "v1 RUNNING");
  EXPECT_EQ(world.task("2"), "v1 RUNNING");
}

}  // namespace
}  // namespace blox::cluster_state
