// The endpoints as a client sees them: bodies, sentences, headers, streams line by line.
#include "cluster_state/api/cluster_state_api.h"

#include <gtest/gtest.h>

#include "cluster_state/view/view_world.h"
#include "codec/stored_records.h"
#include "http/local_transport.h"

namespace blox::cluster_state {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class ClusterStateApiTest : public ::testing::Test {
 protected:
  ClusterStateApiTest() { api.add_to(router); }

  http::Answer get(const std::string& target) {
    http::OutgoingRequest request;
    request.url = "local:" + target;
    auto answer = world.await(transport.send(std::move(request)));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : http::Answer{};
  }
  Result<std::unique_ptr<http::LineStream>> open(const std::string& target) {
    http::OutgoingRequest request;
    request.url = "local:" + target;
    return world.await(transport.open_lines(std::move(request), 5min));
  }
  // Reads at least `count` lines.
  Lines read(http::LineStream& stream, std::size_t count) {
    Lines lines;
    while (lines.size() < count) {
      auto more = world.await(stream.next());
      if (!more) {
        lines.push_back("error: " + more.error().message);
        break;
      }
      lines.insert(lines.end(), more->begin(), more->end());
    }
    return lines;
  }
  // A task's or instance's entity version and ARN rest, or the whole line of another kind.
  static std::string brief(const std::string& line) {
    const auto change = codec::decode_change<Task>(line);
    if (!change || change->kind == codec::ChangeKind::kBookmark) return line;
    const std::string& arn = change->entry.object.arn.value;
    return std::to_string(change->entry.entity_version) +
           (change->kind == codec::ChangeKind::kDeleted ? " -" : " ") +
           arn.substr(arn.find('/') + 1);
  }
  static Lines brief(const Lines& lines) {
    Lines shortened;
    for (const auto& line : lines) shortened.push_back(brief(line));
    return shortened;
  }
  std::string bookmark(codec::EntityVersion version, const codec::SyncTimes& synced_at = {}) {
    return codec::encode_bookmark_line({.store_id = world.store.info().store_id,
                                        .entity_version = version,
                                        .synced_at = synced_at});
  }

  ViewWorld world{1, {.recent = {.count_max = 4, .bytes_max = 1 << 20}}};
  http::Router router;
  ClusterStateApi api{*world.view, world.metrics};
  http::LocalTransport transport{world.loop, router};
};

constexpr std::string_view kTaskA1 =
    R"({"metadata":{"entityVersion":"128"},"entity":{)"
    R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/a","containerInstanceARN":"",)"
    R"("containers":[],"createdAt":"","desiredStatus":"RUNNING","lastStatus":"RUNNING",)"
    R"("overrides":{"containerOverrides":[]},"startedBy":"x",)"
    R"("taskARN":"arn:aws:ecs:eu-west-1:123456789012:task/a/1","taskDefinitionARN":""}})";
constexpr std::string_view kTaskB1 =
    R"({"metadata":{"entityVersion":"129"},"entity":{)"
    R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/b","containerInstanceARN":"",)"
    R"("containers":[],"createdAt":"","desiredStatus":"RUNNING","lastStatus":"PENDING",)"
    R"("overrides":{"containerOverrides":[]},)"
    R"("taskARN":"arn:aws:ecs:eu-west-1:123456789012:task/b/1","taskDefinitionARN":""}})";

TEST_F(ClusterStateApiTest, ListsAndGets) {
  world.settle();
  EXPECT_EQ(get("/v1/tasks").body, R"({"items":[]})");
  EXPECT_EQ(get("/v1/instances").body, R"({"items":[]})");
  world.commit({ViewWorld::task("a/1", "RUNNING", "x"), ViewWorld::task("b/1", "PENDING"),
                ViewWorld::instance("a/i", "ACTIVE")});
  const std::string a{kTaskA1};
  const std::string b{kTaskB1};
  const std::pair<const char*, std::string> lists[] = {
      {"/v1/tasks", a + "," + b},
      {"/v1/tasks?status=running", a},
      {"/v1/tasks?status=PENDING&cluster=b", b},
      {"/v1/tasks?status=deprovisioning", ""},
      {"/v1/tasks?cluster=arn:aws:ecs:eu-west-1:123456789012:cluster%2Fa", a},
      {"/v1/tasks?cluster=arn:aws:ecs:us-east-1:123456789012:cluster/a", ""},
      {"/v1/tasks?startedBy=x", a},
      {"/v1/tasks?startedBy=x&cluster=b", ""},
      {"/v1/instances?status=inactive", ""},
      {"/v1/tasks?cluster=", a + "," + b},
      {"/v1/tasks?status=&startedBy=&cluster=b", b},
  };
  for (const auto& [target, items] : lists) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.body, R"({"items":[)" + items + "]}") << target;
  }
  const auto answer = get("/v1/instances?cluster=a&status=Active&bookmarks=true");
  EXPECT_EQ(http::find_header(answer.headers, "Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(http::find_header(answer.headers, "Blox-Entity-Version"), "255");
  EXPECT_EQ(http::find_header(answer.headers, "Blox-Store-Id"), world.store.info().store_id);
  const auto listing = codec::decode_list<ContainerInstance>(answer.body);
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->items.size(), 1U);
  EXPECT_EQ(listing->items[0].object.arn, test_instance_arn("a/i"));
  EXPECT_EQ(listing->bookmark.entity_version, 255);
  EXPECT_EQ(get("/v1/tasks/a/arn:aws:ecs:eu-west-1:123456789012:task/a/1").body, a);
  EXPECT_EQ(get("/v1/tasks/b/arn%3Aaws%3Aecs%3Aeu-west-1%3A123456789012%3Atask%2Fb%2F1").body, b);
}

TEST_F(ClusterStateApiTest, RefusesInTheWordsOfV03) {
  world.commit({ViewWorld::task("a/1", "RUNNING")});
  world.commit({ViewWorld::task("a/1", "STOPPED")});
  for (int i = 0; i < 5; ++i) world.commit({ViewWorld::task("a/1", "STOPPED")});
  ASSERT_TRUE(world.await(world.store.compact(1)));
  const std::tuple<const char*, int, const char*, const char*> rows[] = {
      {"/v1/tasks/b/arn:aws:ecs:eu-west-1:123456789012:task/a/1", 404, "Task not found",
       "no arn:aws:ecs:eu-west-1:123456789012:task/a/1 in a cluster of the name b"},
      {"/v1/instances/a/nonsense", 404, "Instance not found",
       "no nonsense in a cluster of the name a"},
      {"/v1/tasks?status=active", 400, "Invalid status", "status 'active' is not a task's"},
      {"/v1/instances?status=running", 400, "Invalid status",
       "status 'running' is not a container instance's"},
      {"/v1/tasks?colour=", 400, "At least one of the filters provided is unsupported",
       "'colour' is not one of"},
      {"/v1/tasks?cluster=&cluster=a", 400,
       "At least one of the filters provided is specified multiple times", "'cluster' came twice"},
      {"/v1/tasks?cluster=a%20b", 400, "Invalid cluster ARN or name", "cluster 'a b' is neither"},
      {"/v1/tasks?cluster=arn:aws:ecs:eu-west-1:123456789012:task/a/1", 400,
       "Invalid cluster ARN or name", "cluster 'arn:aws"},
      {"/v1/instances?startedBy=x", 400, "At least one of the filters provided is unsupported",
       "'startedBy' is not one of: status, cluster, bookmarks"},
      {"/v1/tasks?x%0d%0aEvil:%20yes=1", 400, "At least one of the filters provided is unsupported",
       "'x??Evil: yes' is not one of"},
      {"/v1/tasks?status=running&status=stopped", 400,
       "At least one of the filters provided is specified multiple times", "'status' came twice"},
      {"/v1/tasks?bookmarks=1", 400, "At least one of the filters provided is unsupported",
       "bookmarks '1' is neither true nor false"},
      {"/v1/stream/tasks?entityVersion=x", 400, "Invalid entity version",
       "entityVersion 'x' is not a whole number >= 0"},
      {"/v1/stream/tasks?entityVersion=-1", 400, "Invalid entity version", "entityVersion '-1'"},
      {"/v1/stream/tasks?entityVersion=", 400, "Invalid entity version", "entityVersion ''"},
      {"/v1/stream/tasks?entityVersion=99999999999999999999", 400, "Entity version is out of range",
       "entityVersion '99999999999999999999' is above"},
      {"/v1/stream/tasks?entityVersion=1025", 400, "Entity version is out of range",
       "version 1024 is in the future: the latest is 1023"},
      {"/v1/stream/tasks?entityVersion=128", 400, "Entity version is out of range",
       "changes after version 127 are gone"},
      {"/v1/stream/tasks?after=127", 410, "Entity version is out of range",
       "changes after version 127 are gone"},
      {"/v1/stream/tasks?after=1023&storeId=other", 410, "Entity version is out of range",
       "the version is of store other"},
      {"/v1/stream/tasks?after=1&entityVersion=1", 400,
       "At least one of the filters provided is unsupported", "exclude each other"},
  };
  for (const auto& [target, status, body, detail] : rows) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, status) << target;
    EXPECT_EQ(answer.body, body) << target;
    const auto header = http::find_header(answer.headers, "Blox-Error-Detail");
    ASSERT_TRUE(header) << target;
    EXPECT_NE(header->find(detail), std::string::npos) << target << " gave: " << *header;
  }
}

TEST_F(ClusterStateApiTest, PlainStreamIsThatOfV03) {
  world.commit({ViewWorld::task("a/1", "RUNNING", "x")});
  const auto from_now = open("/v1/stream/tasks");
  const auto replay = open("/v1/stream/tasks?entityVersion=128");
  const auto next_one = open("/v1/stream/tasks?entityVersion=129");
  ASSERT_TRUE(from_now && replay && next_one);
  EXPECT_EQ(read(**replay, 1), Lines{std::string{kTaskA1}});
  world.commit({ViewWorld::task_tombstone("a/1"), ViewWorld::sync_mark("a", WallTime{1s}),
                ViewWorld::instance("a/i", "ACTIVE"), ViewWorld::task("a/2", "RUNNING")});
  world.loop.run_for(1min);  // Nothing but objects comes, however long it idles.
  for (const auto* stream : {&from_now, &replay, &next_one}) {
    EXPECT_EQ(brief(read(***stream, 1)), Lines{"259 a/2"});
  }
}

TEST_F(ClusterStateApiTest, StreamWithBookmarksBeginsWithEverything) {
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::task("a/2", "RUNNING")});
  const auto stream = open("/v1/stream/tasks?bookmarks=true");
  ASSERT_TRUE(stream);
  EXPECT_EQ(brief(read(**stream, 3)), (Lines{"128 a/1", "129 a/2", bookmark(255)}));
  world.commit({ViewWorld::task_tombstone("a/1")});
  EXPECT_EQ(brief(read(**stream, 1)), Lines{"256 -a/1"});
  const TimePoint before = world.loop.now();
  EXPECT_EQ(read(**stream, 1), Lines{bookmark(383)});
  EXPECT_LE(world.loop.now() - before, 10s);
  EXPECT_EQ(read(**stream, 1), Lines{bookmark(383)});
  EXPECT_GE(world.loop.now() - before, 15s);
  world.commit({ViewWorld::sync_mark("a", WallTime{1s})});
  const TimePoint marked = world.loop.now();
  EXPECT_EQ(read(**stream, 1), Lines{bookmark(511, {{test_cluster_arn("a"), WallTime{1s}}})});
  EXPECT_LT(world.loop.now() - marked, 1s);
}

// By the time of the event and not by that of its coming; with bookmarks alone.
TEST_F(ClusterStateApiTest, LinesOfInstancesTellHowOldTheirWordIs) {
  world.settle();
  const auto ages = [&](http::LineStream& stream, std::size_t count) {
    std::vector<std::optional<Duration>> found;
    for (const auto& line : read(stream, count)) {
      const auto change = codec::decode_change<ContainerInstance>(line);
      if (change && change->kind == codec::ChangeKind::kPut) found.push_back(change->entry.age);
    }
    return found;
  };
  const WallTime told_at = world.loop.wall_now() - 1h;
  world.commit({ViewWorld::instance("a/1", "ACTIVE", told_at), ViewWorld::instance("a/2", "ACTIVE"),
                ViewWorld::instance("a/3", "ACTIVE", world.loop.wall_now() + 1h)});
  const auto stream = open("/v1/stream/instances?bookmarks=true");
  const auto plain = open("/v1/stream/instances");
  ASSERT_TRUE(stream && plain);
  auto told = ages(**stream, 4);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_GE(told[0], Duration{1h});
  EXPECT_LT(told[0], Duration{1h + 1min});
  EXPECT_EQ(told[1], std::nullopt);
  EXPECT_EQ(told[2], Duration{0s}) << "its clock is ahead of ours";
  world.loop.run_for(10min);
  world.commit({ViewWorld::instance("a/1", "DRAINING", told_at)});
  told = ages(**plain, 1);
  EXPECT_EQ(told, std::vector{std::optional<Duration>{}});
  told.clear();
  while (told.empty()) told = ages(**stream, 1);
  EXPECT_GE(told[0], Duration{1h + 10min});
}

TEST_F(ClusterStateApiTest, ResumesAfterAVersionExactly) {
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::task("a/2", "RUNNING"),
                ViewWorld::task("a/3", "RUNNING")});
  const auto stream =
      open("/v1/stream/tasks?bookmarks=true&after=128&storeId=" + world.store.info().store_id);
  ASSERT_TRUE(stream);
  EXPECT_EQ(brief(read(**stream, 3)), (Lines{"129 a/2", "130 a/3", bookmark(255)}));
}

TEST_F(ClusterStateApiTest, SlowReaderIsCaughtUpFromHistory) {
  world.settle();
  const auto slow = open("/v1/stream/tasks?bookmarks=true");
  ASSERT_TRUE(slow);
  EXPECT_EQ(read(**slow, 1), Lines{bookmark(127)});
  Lines expected;
  for (int i = 1; i <= 30; ++i) {  // Only 4 are kept in memory.
    const auto version = world.commit({ViewWorld::task("a/" + std::to_string(i), "RUNNING")});
    expected.push_back(std::to_string(version) + " a/" + std::to_string(i));
  }
  auto seen = brief(read(**slow, 30));
  std::erase_if(seen, [](const auto& line) { return line.starts_with("{"); });
  EXPECT_EQ(seen, expected);
}

TEST_F(ClusterStateApiTest, RelistEndsStreams) {
  world.commit({ViewWorld::task("a/1", "RUNNING")});
  const auto plain = open("/v1/stream/tasks");
  const auto marked = open("/v1/stream/tasks?bookmarks=true&after=255");
  ASSERT_TRUE(plain && marked);
  EXPECT_EQ(read(**marked, 1), Lines{bookmark(255)});
  // The view sleeps through a change that is compacted, and has to read everything again.
  world.scope.reset();
  world.commit({ViewWorld::task("a/2", "RUNNING")});
  ASSERT_TRUE(world.await(world.store.compact(2)));
  world.scope = std::make_unique<Scope>(world.loop);
  world.scope->spawn(world.view->run());
  world.settle();
  const auto end = read(**marked, 2);
  ASSERT_EQ(end.size(), 2U);
  EXPECT_EQ(end[0], codec::encode_compacted_line(255));
  EXPECT_TRUE(end[1].starts_with("error: ")) << end[1];
  const auto broken = read(**plain, 1);
  EXPECT_TRUE(broken[0].starts_with("error: ")) << broken[0];
}

TEST_F(ClusterStateApiTest, TellsOperators) {
  EXPECT_EQ(get("/healthz").body, "ok");
  world.settle();
  EXPECT_EQ(get("/readyz").body, "ready");
  EXPECT_NE(get("/metrics").body.find("blox_view_objects"), std::string::npos);
}

TEST_F(ClusterStateApiTest, SaysSoWhileNothingIsLoaded) {
  ClusterView unloaded{world.loop, world.store, world.metrics};
  ClusterStateApi unready{unloaded, world.metrics};
  http::Router unready_router;
  unready.add_to(unready_router);
  http::LocalTransport to_unready{world.loop, unready_router};
  for (const std::string target :
       {"/v1/tasks", "/v1/instances/a/b", "/v1/stream/tasks", "/readyz"}) {
    http::OutgoingRequest request;
    request.url = "local:" + target;
    const auto answer = world.await(to_unready.send(std::move(request)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503) << target;
    EXPECT_NE(answer->body.find("still being loaded"), std::string::npos) << answer->body;
  }
}

TEST_F(ClusterStateApiTest, ShowsDeadLettersNewestFirst) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    world.commit({{codec::dead_letter_key(i),
                   codec::encode_dead_letter({.message_id = "m" + std::to_string(i),
                                              .error = "bad",
                                              .body = "{",
                                              .body_bytes = 1,
                                              .at = WallTime{1s}})}});
  }
  EXPECT_EQ(get("/v1/deadletters?limit=2").body,
            R"({"items":[{"messageId":"m3","at":"1970-01-01T00:00:01.000Z","error":"bad",)"
            R"("bodyBytes":1,"body":"{"},{"messageId":"m2","at":"1970-01-01T00:00:01.000Z",)"
            R"("error":"bad","bodyBytes":1,"body":"{"}]})");
  EXPECT_EQ(get("/v1/deadletters?limit=0").status, 400);
  EXPECT_EQ(get("/v1/deadletters?x=1").status, 400);
}

TEST_F(ClusterStateApiTest, ShowsKeptEventsNewestFirst) {
  const auto commit_event = [&](std::string_view key_type, std::string_view type, int second,
                                std::string_view cluster) {
    const WallTime time{std::chrono::seconds{second}};
    const std::string id = "e" + std::to_string(second);
    codec::StoredEvent event{.id = id,
                             .detail_type = std::string{type},
                             .cluster = cluster.empty() ? "" : test_cluster_arn(cluster).value,
                             .time = format_time(time),
                             .raw = R"({"id":")" + id + R"("})"};
    world.commit({{codec::event_key(key_type, time, id), codec::encode_stored_event(event)}});
  };
  for (int second = 1; second <= 20; ++second) commit_event("A", "A", 2 * second, "a");
  commit_event("B", "B", 3, "b");
  commit_event(codec::kOtherEventTypes, "C", 41, "");
  world.commit({{codec::event_key("A", WallTime{50s}, "bad"), "nonsense"}});
  EXPECT_EQ(get("/v1/events?limit=1").body,
            R"({"items":[{"id":"e41","detailType":"C","cluster":"",)"
            R"("time":"1970-01-01T00:00:41.000Z","event":{"id":"e41"}}]})");
  const auto ids = [&](const std::string& target) {
    std::string found;
    const std::string body = get(target).body;
    const std::string mark = R"("event":{"id":")";
    for (auto at = body.find(mark); at != std::string::npos; at = body.find(mark, at + 1)) {
      const auto from = at + mark.size();
      found += body.substr(from, body.find('"', from) - from) + " ";
    }
    return found;
  };
  EXPECT_EQ(ids("/v1/events?detailType=A&limit=2"), "e40 e38 ");
  EXPECT_EQ(ids("/v1/events?detailType=C"), "e41 ");
  EXPECT_EQ(ids("/v1/events?cluster=b"), "e3 ");
  EXPECT_EQ(ids("/v1/events?cluster=" + test_cluster_arn("a").value + "&limit=1"), "e40 ");
  EXPECT_EQ(ids("/v1/events?detailType=B&cluster=a"), "");
  EXPECT_EQ(get("/v1/events?limit=1001").status, 400);
  EXPECT_EQ(get("/v1/events?type=A").status, 400);
}

TEST_F(ClusterStateApiTest, BookmarksTellWhenTheQueueLastAnswered) {
  ClusterStateApiOptions options;
  options.annotate = [](codec::Bookmark& bookmark) { bookmark.receive_age = 1500ms; };
  ClusterStateApi with{*world.view, world.metrics, options};
  http::Router its_router;
  with.add_to(its_router);
  http::LocalTransport to_it{world.loop, its_router};
  world.commit({ViewWorld::task("a/1", "RUNNING")});
  http::OutgoingRequest list;
  list.url = "local:/v1/tasks?bookmarks=true";
  const auto answer = world.await(to_it.send(std::move(list)));
  ASSERT_TRUE(answer);
  EXPECT_EQ(codec::decode_list<Task>(answer->body)->bookmark.receive_age, 1500ms);
  http::OutgoingRequest request;
  request.url = "local:/v1/stream/tasks?bookmarks=true";
  const auto stream = world.await(to_it.open_lines(std::move(request), 5min));
  ASSERT_TRUE(stream);
  const auto lines = read(**stream, 2);
  const auto closing = codec::decode_change<Task>(lines.at(1));
  ASSERT_TRUE(closing) << closing.error().message;
  EXPECT_EQ(closing->bookmark.receive_age, 1500ms);
}

// What ECS lists and does not describe is told wherever its absence could be taken for a fact.
TEST_F(ClusterStateApiTest, TellsWhatIsLacking) {
  Holes holes;
  holes.add(test_task_arn("a/hole"));
  holes.add(test_task_arn("a/another"));
  holes.add(test_instance_arn("a/i"));
  world.commit({ViewWorld::task("a/1", "RUNNING"), ViewWorld::sync_mark("a", WallTime{1s}, holes),
                ViewWorld::sync_mark("b", WallTime{1s})});
  const std::string a = test_cluster_arn("a").value;
  const auto list = get("/v1/tasks?bookmarks=true");
  EXPECT_EQ(http::find_header(list.headers, "Blox-Incomplete-Clusters"), a);
  EXPECT_EQ(codec::decode_list<Task>(list.body)->bookmark.holes,
            (ClusterHoles{{test_cluster_arn("a"), holes}}));
  EXPECT_EQ(get("/v1/tasks/a/" + test_task_arn("a/hole").value).status, 503);
  EXPECT_EQ(get("/v1/tasks/a/" + test_task_arn("a/nobody").value).status, 404);
  EXPECT_EQ(get("/v1/tasks/a/" + test_task_arn("a/1").value).status, 200);
  const auto stream = open("/v1/stream/tasks?bookmarks=true&after=255");
  ASSERT_TRUE(stream);
  EXPECT_EQ(codec::decode_change<Task>(read(**stream, 1).at(0))
                ->bookmark.holes.count(test_cluster_arn("a")),
            1U);
  const auto ready = get("/readyz");
  EXPECT_EQ(ready.status, 200) << "to be restarted for it would mend nothing";
  EXPECT_EQ(ready.body, "ready\nwarning: of cluster " + a +
                            " ECS lists 2 tasks and 1 container instance and does not describe "
                            "them, such as " +
                            *holes.arns.begin());
  // One that is described leaves the mark while its time stays.
  world.commit({ViewWorld::sync_mark("a", WallTime{1s})});
  EXPECT_TRUE(codec::decode_change<Task>(read(**stream, 1).at(0))->bookmark.holes.empty());
  EXPECT_EQ(get("/readyz").body, "ready");
  EXPECT_FALSE(http::find_header(get("/v1/tasks").headers, "Blox-Incomplete-Clusters"));
}

// With a thousand clusters and as many streams it would be told a million times a second.
TEST_F(ClusterStateApiTest, WhatAllStreamsTellOfClustersIsWrittenOnce) {
  int written = 0;
  ClusterStateApiOptions options;
  options.annotate = [&](codec::Bookmark& bookmark) {
    ++written;
    bookmark.sync_ages[test_cluster_arn("a")] = 5s;
  };
  ClusterStateApi with{*world.view, world.metrics, options};
  http::Router its_router;
  with.add_to(its_router);
  http::LocalTransport to_it{world.loop, its_router};
  world.commit({ViewWorld::sync_mark("a", WallTime{1s})});
  std::vector<std::unique_ptr<http::LineStream>> streams;
  for (int i = 0; i < 50; ++i) {
    http::OutgoingRequest request;
    request.url = "local:/v1/stream/tasks?bookmarks=true";
    auto stream = world.await(to_it.open_lines(std::move(request), 5min));
    ASSERT_TRUE(stream);
    streams.push_back(*std::move(stream));
  }
  const auto told = [&](std::size_t i) {
    return codec::decode_change<Task>(read(*streams[i], 1).at(0))->bookmark;
  };
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const auto bookmark = told(i);
    EXPECT_EQ(bookmark.synced_at.size(), 1U);
    EXPECT_GE(bookmark.sync_ages.at(test_cluster_arn("a")), 5s) << "never less than it is";
    EXPECT_LE(bookmark.sync_ages.at(test_cluster_arn("a")), 6s);
  }
  EXPECT_LE(written, 2);
  written = 0;
  world.commit({ViewWorld::sync_mark("b", WallTime{2s})});
  for (std::size_t i = 0; i < streams.size(); ++i) EXPECT_EQ(told(i).synced_at.size(), 2U);
  EXPECT_LE(written, 2);
  // A mark soon after a line is told all the same.
  world.loop.run_for(12s);
  EXPECT_EQ(told(0).synced_at.size(), 2U);
  const store::Commit mark{
      .compares = {}, .puts = {ViewWorld::sync_mark("c", WallTime{3s})}, .deletes = {}};
  ASSERT_TRUE(world.insist([&] { return world.store.commit(mark); }));
  world.loop.run_for(100ms);
  EXPECT_EQ(told(0).synced_at.size(), 3U);
  written = 0;
  world.loop.run_for(12s);
  EXPECT_EQ(told(0).synced_at.size(), 3U);
  EXPECT_GE(written, 1) << "ages grow";
}

// In a flood there is always one more line; the reader has to hear all the same that it is up to
// date, or it would take a live stream for a stale one.
TEST_F(ClusterStateApiTest, BookmarksComeInAFloodOfChanges) {
  world.settle();
  const auto stream = open("/v1/stream/tasks?bookmarks=true");
  ASSERT_TRUE(stream);
  int bookmarks = 0;
  for (int i = 1; i <= 400; ++i) {  // Of a little over 50 ms each.
    const store::Commit change{
        .compares = {}, .puts = {ViewWorld::task("a/1", "RUNNING")}, .deletes = {}};
    ASSERT_TRUE(world.insist([&] { return world.store.commit(change); }));
    world.loop.run_for(50ms);
    for (const auto& line : read(**stream, 1)) {
      bookmarks += line.find("bookmark") == std::string::npos ? 0 : 1;
    }
  }
  EXPECT_GE(bookmarks, 2);
  EXPECT_LE(bookmarks, 4);
}

}  // namespace
}  // namespace blox::cluster_state
