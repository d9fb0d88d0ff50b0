// A loop, a durable disk and an ingest on it that can crash. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/run_to_end_for_tests.h"
#include "base/sim_loop.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/ingest/testing_reports.h"
#include "cluster_state/ingest/testing_store.h"
#include "codec/stored.h"
#include "store/memory_store.h"

namespace blox::cluster_state::testing {

/// The store answers after a while and refuses some calls, by the seed, as SlowStore has it.
struct World {
  explicit World(IngestOptions with = {}, std::uint64_t seed = 1)
      : loop(seed), options(with), store_seed(seed) {
    open();
  }

  /// For a test of times: as a crash, and then on a store without latency of its own or refusals.
  void answer_at_once() {
    slow = {Duration::zero(), 0};
    restart();
  }
  /// Asks until it is not refused for the moment, as all who use a store do.
  template <class Ask>
  auto insist(Ask ask) {
    for (int tries = 0;; ++tries) {
      auto answer = run_to_end(loop, ask());
      if (answer || answer.error().kind != ErrorKind::kUnavailable || tries == 10) return answer;
      loop.run_for(std::chrono::milliseconds{1});
    }
  }

  /// A crash, and the next start on what was durable.
  void restart() {
    ingest.reset();
    store.reset();
    open();
  }
  void open() {
    auto memory = std::make_unique<store::MemoryStore>(
        loop, disk, store::MemoryStoreOptions{std::chrono::milliseconds{2}});
    store = std::make_unique<FaultyStore>(loop, faults, std::move(memory), store_seed++, slow);
    ingest = std::make_unique<Ingest>(loop, *store, metrics, options);
    const Status opened = insist([&] { return ingest->open(); });
    EXPECT_TRUE(opened) << opened.error().message;
  }
  TakeCounts take(Batch batch) {
    const auto counts = insist([&] { return ingest->take(batch); });
    EXPECT_TRUE(counts) << counts.error().message;
    return counts.value_or(TakeCounts{});
  }
  TakeCounts event(const TaskText& task) { return take(task_report(task), Origin::kEvent); }
  TakeCounts describe(const TaskText& task, std::string describe_only = {}) {
    return take(task_report(task, std::move(describe_only)), Origin::kDescribe);
  }
  TakeCounts take(std::variant<TaskReport, InstanceReport> what, Origin origin) {
    Batch batch;
    batch.reports.push_back({std::move(what), origin, loop.wall_now(), loop.now()});
    return take(std::move(batch));
  }

  /// All keys and values.
  std::map<std::string, std::string> content() {
    store::RangeRequest request;
    request.limit = 10'000;
    std::map<std::string, std::string> all;
    const auto page = insist([&] { return store->range(request); });
    EXPECT_TRUE(page);
    for (const auto& item : page->items) all[item.key] = *item.value;
    return all;
  }
  /// "v3 RUNNING", "gone v3 missing" or "none".
  std::string task(std::string_view id) {
    const auto all = content();
    const auto found = all.find(codec::task_key(task_arn(id)));
    if (found == all.end()) return "none";
    const auto decoded = codec::decode_stored_task(found->second);
    if (!decoded) return decoded.error().message;
    const auto text = [](const std::optional<EcsVersion>& version) {
      return version ? "v" + std::to_string(version->value) : std::string{"v-"};
    };
    if (const auto* tombstone = std::get_if<codec::Tombstone>(&*decoded)) {
      return "gone " + text(tombstone->version) + " " + tombstone->reason;
    }
    const Task& task = std::get<codec::StoredTask>(*decoded).object;
    const std::string health = task.health_status.empty() ? "" : " " + task.health_status;
    return text(task.version) + " " + std::string{format(task.last_status)} + health;
  }
  store::Revision revision() const { return store->info().revision; }

  SimLoop loop;
  IngestOptions options;
  Metrics metrics;
  std::shared_ptr<store::MemoryDisk> disk = store::make_memory_disk(7);
  StoreFaults faults;
  store::SlowStoreOptions slow;
  std::uint64_t store_seed;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Ingest> ingest;
};

}  // namespace blox::cluster_state::testing
