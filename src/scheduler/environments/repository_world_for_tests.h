// A Repository on a store in memory that is busy, and fails besides as it is told to, for its own
// tests.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"
#include "scheduler/environments/repository.h"
#include "scheduler/environments/repository_for_tests.h"

namespace blox::scheduler {

/// A store whose next commits fail as told. `done_anyway`: the commit is carried out all the same.
class FaultyStore final : public store::Store {
 public:
  struct Fault {
    ErrorKind kind;
    bool done_anyway = false;
  };
  FaultyStore(Executor& executor, store::Store& inner) : executor_(executor), inner_(inner) {}
  std::deque<Duration> commit_delays;       // Before the commit takes effect.
  std::deque<Duration> answer_delays;       // After it did.
  Duration range_delay = Duration::zero();  // After the snapshot was read.
  std::deque<Fault> commit_faults;
  std::deque<ErrorKind> range_faults;
  int range_count = 0;

  Async<Result<store::Page>> range(store::RangeRequest request) override {
    ++range_count;
    if (!range_faults.empty()) {
      const ErrorKind kind = range_faults.front();
      range_faults.pop_front();
      co_return fail(kind, "told to fail");
    }
    request.limit = 2;  // So that every read has pages.
    auto page = co_await inner_.range(std::move(request));
    co_await sleep_for(executor_, range_delay);
    co_return page;
  }
  Async<Result<store::Revision>> commit(store::Commit commit) override {
    if (!commit_delays.empty()) {
      const Duration delay = commit_delays.front();
      commit_delays.pop_front();
      co_await sleep_for(executor_, delay);
    }
    if (commit_faults.empty()) {
      const Duration delay = answer_delays.empty() ? Duration::zero() : answer_delays.front();
      if (!answer_delays.empty()) answer_delays.pop_front();
      auto revision = co_await inner_.commit(std::move(commit));
      co_await sleep_for(executor_, delay);
      co_return revision;
    }
    const Fault fault = commit_faults.front();
    commit_faults.pop_front();
    if (fault.done_anyway) {
      const auto revision = co_await inner_.commit(std::move(commit));
      EXPECT_TRUE(revision);
    }
    co_return fail(fault.kind, "told to fail");
  }
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override {
    return inner_.watch(std::move(prefix), from);
  }
  Async<Status> compact(store::Revision revision) override {
    co_return co_await inner_.compact(revision);
  }
  store::StoreInfo info() const override { return inner_.info(); }

 private:
  Executor& executor_;
  store::Store& inner_;
};

class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest() { restart(); }

  // As all who write: again when the store is busy, and when the records had to be read anew.
  template <class Ask>
  auto insist(Ask ask) {
    for (int tries = 0;; ++tries) {
      auto answer = run_to_end(loop, ask());
      if (answer || refuses_nothing || tries == 10) return answer;
      const Error& error = answer.error();
      const bool busy = error.kind == ErrorKind::kUnavailable;
      if (!busy && !error.message.contains("were read anew")) return answer;
    }
  }
  // What a crash and a new start leave: the disk alone.
  void restart() {
    repository.reset();
    faulty.reset();
    kept.reset();
    kept = std::make_unique<StoreForTests>(loop, disk, store_seed++);
    if (refuses_nothing) kept->refuse_nothing();
    faulty = std::make_unique<FaultyStore>(loop, kept->slow);
    repository = std::make_unique<Repository>(loop, *faulty);
    ASSERT_TRUE(run_to_end(loop, repository->load()));
  }

  // From here on the store fails as it is told to, and not else.
  void refuse_nothing() {
    refuses_nothing = true;
    kept->refuse_nothing();
  }

  Status put(std::vector<Environment> environments, std::vector<Deployment> deployments) {
    return insist([&] { return repository->put(environments, deployments); });
  }
  Status put(Environment made) { return put({std::move(made)}, {}); }
  Status remove(const std::string& uid) {
    return insist([&] { return repository->remove(EnvironmentUid{uid}); });
  }
  Result<std::vector<Intent>> open_intents(std::vector<Intent> intents) {
    return insist([&] { return repository->open_intents(intents); });
  }
  Status close_intents(std::vector<IntentClosing> closings) {
    return insist([&] {
      // Those of a commit that was taken are closed.
      std::erase_if(closings, [&](const IntentClosing& closing) {
        return !repository->records().intents.contains(closing.intent);
      });
      return repository->close_intents(closings);
    });
  }
  Status remove_outcomes(std::vector<TaskArn> tasks) {
    return insist([&] { return repository->remove_outcomes(tasks); });
  }
  Status put_emptied(std::vector<Emptied> emptied) {
    return insist([&] { return repository->put_emptied(emptied); });
  }
  Status remove_emptied(std::vector<IntentKey> keys) {
    return insist([&] { return repository->remove_emptied(keys); });
  }

  static Environment environment(const std::string& name, const std::string& uid) {
    Environment made;
    made.uid = EnvironmentUid{uid};
    made.name = EnvironmentName{name};
    made.deployment = DeploymentId{"in force"};
    return made;
  }
  static Deployment deployment(const std::string& id, const std::string& uid) {
    Deployment made;
    made.id = DeploymentId{id};
    made.environment = EnvironmentUid{uid};
    return made;
  }
  static Intent intent(const std::string& uid, const std::string& instance) {
    Intent made;
    made.environment = EnvironmentUid{uid};
    made.instance = ContainerInstanceArn{instance};
    made.deployment = DeploymentId{"in force"};
    made.launch_id = "launch of " + instance;
    return made;
  }
  static Outcome outcome(const std::string& uid, const std::string& task) {
    Outcome made;
    made.environment = EnvironmentUid{uid};
    made.task = TaskArn{task};
    return made;
  }
  const Environment& stored(const std::string& uid) {
    return repository->records().environments.at(EnvironmentUid{uid});
  }

  SimLoop loop{1};
  std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk(1);
  std::uint64_t store_seed = 1;
  bool refuses_nothing = false;
  std::unique_ptr<StoreForTests> kept;
  std::unique_ptr<FaultyStore> faulty;
  std::unique_ptr<Repository> repository;
};

}  // namespace blox::scheduler
