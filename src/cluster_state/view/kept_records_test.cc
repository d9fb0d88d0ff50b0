// What answers about kept events and dead letters hold is bounded in bytes, and the newest are in
// it.
#include <gtest/gtest.h>

#include <string>

#include "cluster_state/view/dead_letters.h"
#include "cluster_state/view/kept_events.h"
#include "cluster_state/view/view_world.h"
#include "codec/stored_records.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kMiB = 1 << 20;

void keep_event(ViewWorld& world, int number, std::size_t bytes) {
  const WallTime time{std::chrono::seconds{number}};
  const std::string id = "e" + std::to_string(number);
  const codec::StoredEvent event{id, "A", "", format_time(time),
                                 R"({"a":")" + std::string(bytes, 'x') + R"("})"};
  world.commit({{codec::event_key("A", time, id), codec::encode_stored_event(event)}});
}

Result<std::vector<codec::StoredEvent>> list_events(ViewWorld& world, std::size_t count_max) {
  return world.insist([&] { return list_kept_events(world.store, {}, count_max); });
}
Result<std::vector<codec::DeadLetter>> list_letters(ViewWorld& world, std::size_t count_max) {
  return world.insist([&] { return list_dead_letters(world.store, count_max); });
}

TEST(KeptEvents, AnswersHoldABoundedNumberOfBytesOfTheNewest) {
  ViewWorld world{1};
  for (int number = 1; number <= 20; ++number) keep_event(world, number, kMiB);
  const auto events = list_events(world, 1'000);
  ASSERT_TRUE(events) << events.error().message;
  ASSERT_EQ(events->size(), 15U) << "of a little over a MiB each";
  std::size_t bytes = 0;
  int number = 20;
  for (const auto& event : *events) {
    EXPECT_EQ(event.id, "e" + std::to_string(number--));
    bytes += event.raw.size();
  }
  EXPECT_LE(bytes, kKeptEventsBytesMax);
  // What was dropped for its bytes gives them back: small ones after it all find room.
  for (number = 21; number <= 60; ++number) keep_event(world, number, 10);
  EXPECT_EQ(list_events(world, 1'000)->size(), 55U);
  EXPECT_EQ(list_events(world, 3)->size(), 3U);
}

TEST(DeadLetters, AnswersHoldABoundedNumberOfBytesOfTheNewest) {
  ViewWorld world{2};
  const std::size_t count = kDeadLettersBytesMax / codec::kDeadLetterBodyMax + 10;
  for (std::size_t number = 1; number <= count;) {
    std::vector<store::Put> puts;
    for (int i = 0; i < 20 && number <= count; ++i, ++number) {
      const codec::DeadLetter letter{"m" + std::to_string(number), "why",
                                     std::string(codec::kDeadLetterBodyMax, 'x'), 1, WallTime{}};
      puts.push_back({codec::dead_letter_key(number), codec::encode_dead_letter(letter)});
    }
    world.commit(std::move(puts));
  }
  const auto letters = list_letters(world, 1'000);
  ASSERT_TRUE(letters) << letters.error().message;
  EXPECT_EQ(letters->size(), count - 10);
  EXPECT_EQ(letters->front().message_id, "m" + std::to_string(count));
  EXPECT_EQ(letters->back().message_id, "m11");
  EXPECT_EQ(list_letters(world, 2)->size(), 2U);
}

}  // namespace
}  // namespace blox::cluster_state
