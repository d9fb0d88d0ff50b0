// The mark of the scheduler's store: a copy under another id is known for one.
#include "scheduler/environments/store_mark.h"

#include <gtest/gtest.h>

#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"
#include "scheduler/environments/record_codec.h"
#include "scheduler/environments/repository.h"
#include "store/memory_store.h"

namespace blox::scheduler {
namespace {

Environment an_environment() {
  Environment environment;
  environment.uid = EnvironmentUid{"uid-1"};
  environment.name = EnvironmentName{"logs"};
  return environment;
}

class StoreMark : public testing::Test {
 protected:
  // By the first environment.
  void create_environment(store::Store& store) {
    Repository repository{loop_, store};
    ASSERT_TRUE(run_to_end(loop_, repository.load()));
    ASSERT_TRUE(run_to_end(loop_, repository.put({an_environment()}, {})));
  }
  StoreOrigin origin_of(store::Store& store) {
    return run_to_end(loop_, find_origin(store)).value();
  }
  bool is_copy_now(store::Store& store) { return origin_of(store).is_copy; }

  SimLoop loop_{1};
  std::shared_ptr<store::MemoryDisk> disk_ = store::make_memory_disk(1);
};

TEST_F(StoreMark, AStoreIsItsOwn) {
  store::MemoryStore store{loop_, disk_};
  EXPECT_FALSE(is_copy_now(store)) << "it is empty";
  create_environment(store);
  EXPECT_FALSE(is_copy_now(store));
}

TEST_F(StoreMark, ACopyUnderAnotherIdIsOneUntilItIsTakenOver) {
  {
    store::MemoryStore store{loop_, disk_};
    create_environment(store);
  }
  store::MemoryStore same{loop_, store::copy_memory_disk(*disk_)};
  EXPECT_FALSE(is_copy_now(same)) << "moved, not copied back";
  store::MemoryStore other{loop_, store::copy_memory_disk(*disk_, 2)};
  EXPECT_TRUE(is_copy_now(other));
  EXPECT_TRUE(is_copy_now(other)) << "looking changes nothing";
  EXPECT_FALSE(origin_of(other).taken_over_at);
  const WallTime now{std::chrono::days{20'000}};
  ASSERT_TRUE(run_to_end(loop_, take_over(other, now)));
  EXPECT_FALSE(is_copy_now(other));
  EXPECT_EQ(origin_of(other).taken_over_at, now);
}

// Also where the copy was made when there was none: what was started since may be unseen.
TEST_F(StoreMark, AnEnvironmentMadeOnACopyDoesNotTakeItOver) {
  {
    store::MemoryStore store{loop_, disk_};
    create_environment(store);
    Repository repository{loop_, store};
    ASSERT_TRUE(run_to_end(loop_, repository.load()));
    ASSERT_TRUE(run_to_end(loop_, repository.remove(EnvironmentUid{"uid-1"})));
  }
  store::MemoryStore other{loop_, store::copy_memory_disk(*disk_, 2)};
  create_environment(other);
  EXPECT_TRUE(is_copy_now(other));
}

TEST_F(StoreMark, RecordsOfBeforeItGetOne) {
  {
    store::MemoryStore store{loop_, disk_};
    create_environment(store);
    store::Commit forget;
    forget.deletes = {"scheduler/store"};
    ASSERT_TRUE(run_to_end(loop_, store.commit(std::move(forget))));
    EXPECT_FALSE(is_copy_now(store));
  }
  store::MemoryStore other{loop_, store::copy_memory_disk(*disk_, 2)};
  EXPECT_TRUE(is_copy_now(other));
}

}  // namespace
}  // namespace blox::scheduler
