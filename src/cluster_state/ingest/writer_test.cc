// The writer alone: what becomes of the others when one change fails.
#include "cluster_state/ingest/writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "cluster_state/ingest/testing_world.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;

constexpr WriterOptions kOneKeyACommit{.commit_objects_max = 1, .commits_in_flight_max = 4};

struct WriterWorld {
  explicit WriterWorld(WriterOptions options = {}) : writer(loop, store, metrics, options) {}

  std::shared_ptr<Ticket> put(Slot& slot, std::string key, std::string value) {
    auto ticket = std::make_shared<Ticket>(loop);
    writer.put(slot, std::move(key), std::move(value));
    writer.await(slot, ticket);
    return ticket;
  }
  std::size_t key_count() {
    store::RangeRequest request;
    const auto page = run_to_end(loop, store.range(std::move(request)));
    return page ? page->items.size() : 0;
  }

  SimLoop loop{1};
  Metrics metrics;
  testing::StoreFaults faults;
  testing::FaultyStore store{loop, faults,
                             std::make_unique<store::MemoryStore>(loop, store::make_memory_disk(7),
                                                                  store::MemoryStoreOptions{2ms})};
  std::array<Slot, 8> slots;
  Writer writer;
};

TEST(Writer, AChangeThatTheStoreRefusesFailsAlone) {
  WriterWorld world;
  world.faults.refuse = [](const store::Commit& commit) -> std::optional<Error> {
    const bool bad = std::ranges::any_of(commit.puts, [](auto& put) { return put.key == "bad"; });
    return bad ? std::optional{Error{ErrorKind::kInvalid, "too large"}} : std::nullopt;
  };
  const auto first = world.put(world.slots[0], "a", "1");
  const auto refused = world.put(world.slots[1], "bad", "2");
  const auto last = world.put(world.slots[2], "c", "3");
  EXPECT_EQ(run_to_end(world.loop, refused->durable()).error().kind, ErrorKind::kInvalid);
  EXPECT_TRUE(run_to_end(world.loop, first->durable()));
  EXPECT_TRUE(run_to_end(world.loop, last->durable()));
  EXPECT_FALSE(world.writer.is_broken());
  EXPECT_FALSE(world.writer.commit_error());
  EXPECT_EQ(world.writer.undurable_count(), 0U);
  EXPECT_EQ(world.key_count(), 2U);
  world.faults.refuse = nullptr;
  EXPECT_TRUE(run_to_end(world.loop, world.put(world.slots[1], "bad", "4")->durable()));
  EXPECT_EQ(world.key_count(), 3U);
}

// Four commits under way, one of which conflicts, and a change that waits behind it: those that
// the store has are durable, all else fails, and after the mending everything goes on.
TEST(Writer, AConflictFailsWhatHasNotSetOffAndWhatWaitsBehindIt) {
  WriterWorld world{kOneKeyACommit};
  std::vector<std::shared_ptr<Ticket>> tickets;
  world.slots[2].set_mod_revision(77);  // Which the store does not have.
  for (std::size_t place = 0; place < 6; ++place) {
    tickets.push_back(world.put(world.slots[place], "k" + std::to_string(place), "1"));
  }
  world.loop.run_for(1ms);
  EXPECT_EQ(world.writer.undurable_count(), 6U);
  tickets.push_back(world.put(world.slots[2], "k2", "2"));
  ASSERT_TRUE(world.loop.run_while_not([&] { return world.writer.undurable_count() == 0; }, 1s));
  std::string outcomes;
  for (const auto& ticket : tickets) {
    outcomes += run_to_end(world.loop, ticket->durable()) ? "durable " : "failed ";
  }
  EXPECT_EQ(outcomes, "durable durable failed durable failed failed failed ");
  EXPECT_TRUE(world.writer.is_broken());
  run_to_end(world.loop, [](Writer& writer) -> Async<bool> {
    co_await writer.broken();
    co_return true;
  }(world.writer));
  world.writer.mend();
  for (const std::size_t place : {2, 4, 5}) {
    EXPECT_TRUE(world.slots[place].is_idle());
    world.slots[place].set_mod_revision(0);
    const auto again = world.put(world.slots[place], "k" + std::to_string(place), "3");
    EXPECT_TRUE(run_to_end(world.loop, again->durable()));
  }
  EXPECT_EQ(world.key_count(), 6U);
}

}  // namespace
}  // namespace blox::cluster_state
