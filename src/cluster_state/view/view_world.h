// ViewWorld: a view on a store in memory, slow as SlowStore has it, in virtual time, and stored
// objects in one line each. Tests alone use it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/metrics.h"
#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"
#include "cluster_state/view/cluster_view.h"
#include "codec/stored.h"
#include "store/memory_store.h"
#include "store/slow_store_for_tests.h"

namespace blox::cluster_state {

inline std::string test_arn(std::string_view kind, std::string_view rest) {
  return "arn:aws:ecs:eu-west-1:123456789012:" + std::string{kind} + "/" + std::string{rest};
}
inline TaskArn test_task_arn(std::string_view rest) { return TaskArn{test_arn("task", rest)}; }
inline ContainerInstanceArn test_instance_arn(std::string_view rest) {
  return ContainerInstanceArn{test_arn("container-instance", rest)};
}
inline ClusterArn test_cluster_arn(std::string_view name) {
  return ClusterArn{test_arn("cluster", name)};
}

class ViewWorld {
 public:
  explicit ViewWorld(std::uint64_t seed, ClusterViewOptions view_options = {})
      : loop(seed), memory(loop, seed), store(loop, memory, seed), options(view_options) {
    open_view();
  }

  /// As after a restart: nothing is kept but the store.
  void open_view() {
    scope.reset();
    view = std::make_unique<ClusterView>(loop, store, metrics, options);
    scope = std::make_unique<Scope>(loop);
    scope->spawn(view->run());
  }

  /// Runs `work` to its end, in at most a minute.
  template <class T>
  T await(Async<T> work) {
    return run_to_end(loop, std::move(work), std::chrono::minutes{1});
  }
  /// As await, of `ask()` until it is not refused for the moment, as all who use a store do.
  template <class Ask>
  auto insist(Ask ask) {
    for (;;) {
      auto answer = await(ask());
      if (answer || answer.error().kind != ErrorKind::kUnavailable) return answer;
    }
  }
  /// Lets the view see what there is, however often the store refuses to be read.
  void settle() { loop.run_for(std::chrono::seconds{1}); }

  /// Commits, and lets the view see it. Gives the version of the first put.
  codec::EntityVersion commit(std::vector<store::Put> puts) {
    const store::Commit commit{.compares = {}, .puts = std::move(puts), .deletes = {}};
    const auto revision = insist([&] { return store.commit(commit); });
    check(revision.has_value(), "the commit failed");
    settle();
    return codec::make_entity_version(*revision, 0);
  }

  /// Deletes a key, and lets the view see it.
  void remove(std::string key) {
    const store::Commit commit{.compares = {}, .puts = {}, .deletes = {std::move(key)}};
    check(insist([&] { return store.commit(commit); }).has_value(), "the commit failed");
    settle();
  }

  static store::Put task(std::string_view rest, std::string_view status,
                         std::string_view started_by = "") {
    const auto cluster = rest.substr(0, rest.find('/'));
    return stored(codec::task_key(test_task_arn(rest)),
                  R"({"taskArn":")" + test_task_arn(rest).value + R"(","clusterArn":")" +
                      test_cluster_arn(cluster).value + R"(","lastStatus":")" +
                      std::string{status} + R"(","desiredStatus":"RUNNING","startedBy":")" +
                      std::string{started_by} + R"("})");
  }
  /// `updated_at`: ECS's own time, if the state came by event.
  static store::Put instance(std::string_view rest, std::string_view status,
                             std::optional<WallTime> updated_at = std::nullopt) {
    const auto cluster = rest.substr(0, rest.find('/'));
    return stored(codec::instance_key(test_instance_arn(rest)),
                  R"({"containerInstanceArn":")" + test_instance_arn(rest).value +
                      R"(","clusterArn":")" + test_cluster_arn(cluster).value + R"(","status":")" +
                      std::string{status} +
                      (updated_at ? R"(","updatedAt":")" + format_time(*updated_at) : "") +
                      R"(","agentConnected":true})");
  }
  static store::Put task_tombstone(std::string_view rest) {
    return {codec::task_key(test_task_arn(rest)), tombstone(rest)};
  }
  static store::Put instance_tombstone(std::string_view rest) {
    return {codec::instance_key(test_instance_arn(rest)), tombstone(rest)};
  }
  static store::Put sync_mark(std::string_view cluster, WallTime at, Holes holes = {}) {
    return {codec::cluster_key(test_cluster_arn(cluster)),
            codec::encode_sync_mark({at, std::move(holes)})};
  }

  SimLoop loop;
  Metrics metrics;
  store::MemoryStore memory;
  store::SlowStore store;
  ClusterViewOptions options;
  std::unique_ptr<ClusterView> view;
  std::unique_ptr<Scope> scope;

 private:
  static store::Put stored(std::string key, const std::string& detail) {
    return {std::move(key),
            codec::encode_stored(
                {.detail = detail, .describe = "", .described_at = {}, .seen_at = {}})};
  }
  static std::string tombstone(std::string_view rest) {
    return codec::encode_tombstone({.version = {},
                                    .at = {},
                                    .reason = "missing",
                                    .cluster = test_cluster_arn(rest.substr(0, rest.find('/')))});
  }
};

}  // namespace blox::cluster_state
