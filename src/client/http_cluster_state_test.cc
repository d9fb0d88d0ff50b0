// The typed client against scripted answers.
#include "client/http_cluster_state.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::client {
namespace {

using namespace std::chrono_literals;

// Answers with what the test has set, and remembers what it was asked.
class ScriptedTransport final : public http::Transport {
 public:
  Async<Result<http::Answer>> send(http::OutgoingRequest request) override {
    urls.push_back(request.url);
    co_return answer;
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest request,
                                                              Duration) override {
    urls.push_back(request.url);
    class Stream final : public http::LineStream {
     public:
      explicit Stream(std::vector<std::string> lines) : lines_(std::move(lines)) {}
      Async<Result<std::vector<std::string>>> next() override {
        if (lines_.empty()) co_return fail(ErrorKind::kUnavailable, "closed");
        co_return std::exchange(lines_, {});
      }

     private:
      std::vector<std::string> lines_;
    };
    if (!answer) co_return std::unexpected<Error>(answer.error());
    co_return std::make_unique<Stream>(lines);
  }
  Result<http::Answer> answer = http::Answer{};
  std::vector<std::string> lines;
  std::vector<std::string> urls;
};

template <class T>
Async<void> keep(Async<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}
template <class T>
T await(SimLoop& loop, Async<T> work) {
  std::optional<T> result;
  Scope scope{loop};
  scope.spawn(keep(std::move(work), result));
  loop.run_for(1min);
  return *std::move(result);
}

TEST(HttpClusterState, AsksAndReads) {
  SimLoop loop{1};
  ScriptedTransport transport;
  HttpClusterState state{transport, {.base_url = "http://css:3000"}};
  Task task;
  task.arn.value = "arn/1";
  task.cluster.value = "c";
  transport.answer = http::Answer{200,
                                  {},
                                  R"({"items":[)" + codec::encode_object(3, task) +
                                      R"(],"bookmark":{"entityVersion":"5","storeId":)"
                                      R"("s","syncedAt":{}}})"};
  TaskFilter filter{.cluster = "a b", .status = "running", .started_by = "x"};
  const auto listing = await(loop, state.list_tasks(std::move(filter)));
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->items[0].entity_version, 3);
  EXPECT_EQ(listing->bookmark.store_id, "s");
  transport.answer->body = codec::encode_object(3, task);
  EXPECT_TRUE(await(loop, state.get_task("c", task.arn)));
  transport.lines = {codec::encode_object(4, task), codec::encode_compacted_line(4)};
  auto stream = await(loop, state.open_task_stream({.store_id = "s", .after = 7}));
  ASSERT_TRUE(stream);
  EXPECT_EQ(await(loop, (*stream)->next())->size(), 1U);
  EXPECT_EQ(await(loop, (*stream)->next()).error().kind, ErrorKind::kCompacted);
  transport.lines = {"nonsense"};
  auto instances = await(loop, state.open_instance_stream({}));
  ASSERT_TRUE(instances);
  EXPECT_EQ(await(loop, (*instances)->next()).error().kind, ErrorKind::kInternal);
  EXPECT_EQ(transport.urls, (std::vector<std::string>{
                                "http://css:3000/v1/tasks?cluster=a%20b&status=running&startedBy=x",
                                "http://css:3000/v1/tasks/c/arn%2F1",
                                "http://css:3000/v1/stream/tasks?bookmarks=true&after=7&storeId=s",
                                "http://css:3000/v1/stream/instances?bookmarks=true"}));
}

TEST(HttpClusterState, TellsRefusalsApart) {
  const std::tuple<Result<http::Answer>, ErrorKind, const char*> rows[] = {
      {http::Answer{404, {}, "Task not found"}, ErrorKind::kNotFound, "Task not found"},
      {http::Answer{400, {{"Blox-Error-Detail", "why"}}, "Invalid status"}, ErrorKind::kInvalid,
       "Invalid status (why)"},
      {http::Answer{410, {}, "Entity version is out of range"}, ErrorKind::kCompacted,
       "status 410"},
      {http::Answer{429, {}, "slower"}, ErrorKind::kUnavailable, "status 429"},
      {http::Answer{503, {}, "loading"}, ErrorKind::kUnavailable, "status 503"},
      {http::Answer{200, {}, "{"}, ErrorKind::kInternal, "not a JSON object"},
      {fail(ErrorKind::kUnknown, "reset"), ErrorKind::kUnavailable, "reset"},
  };
  for (const auto& [answer, kind, message] : rows) {
    SimLoop loop{1};
    ScriptedTransport transport;
    transport.answer = answer;
    HttpClusterState state{transport, {}};
    const auto got = await(loop, state.get_task("c", TaskArn{"t"}));
    ASSERT_FALSE(got) << message;
    EXPECT_EQ(got.error().kind, kind) << message;
    EXPECT_NE(got.error().message.find(message), std::string::npos) << got.error().message;
  }
}

}  // namespace
}  // namespace blox::client
