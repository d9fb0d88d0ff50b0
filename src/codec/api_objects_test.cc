// The API's objects byte by byte, and back.
#include "codec/api_objects.h"

#include <gtest/gtest.h>

namespace blox::codec {
namespace {

constexpr const char* kCluster = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod";
constexpr const char* kTaskArn = "arn:aws:ecs:eu-west-1:123456789012:task/prod/t1";
constexpr const char* kInstanceArn =
    "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/i1";

Task make_bare_task() {
  Task task;
  task.arn.value = kTaskArn;
  task.cluster.value = kCluster;
  task.task_definition.value = "def:1";
  task.last_status = make_task_status("PENDING");
  task.desired_status = make_task_status("RUNNING");
  task.created_at = "2026-01-02T03:04:05.000Z";
  return task;
}

Task make_full_task() {
  Task task = make_bare_task();
  task.container_instance.emplace(kInstanceArn);
  task.started_by = "dep\"1\\";
  task.group = "blox:logs";
  task.task_role_arn = "role";
  task.started_at = "a";
  task.stopped_at = "b";
  task.stopped_reason = "tab\tline\nreturn\rbell\x07 \xc3\xa9";
  task.stop_code = "UserInitiated";
  task.health_status = "HEALTHY";
  task.containers = {
      {.arn = "c1",
       .name = "main",
       .last_status = "STOPPED",
       .exit_code = 0,
       .reason = "done",
       .network_bindings =
           {{.bind_ip = "0.0.0.0", .container_port = 80, .host_port = 32768, .protocol = "tcp"},
            {.bind_ip = "::", .container_port = -1, .host_port = 0, .protocol = ""}}},
      {.arn = "c2",
       .name = "side",
       .last_status = "RUNNING",
       .exit_code = std::nullopt,
       .reason = "",
       .network_bindings = {}}};
  task.container_overrides = {
      {.name = "main", .command = {"run", "it"}, .environment = {{"K", "V"}, {"L", ""}}},
      {.name = "side", .command = {}, .environment = {}}};
  return task;
}

ContainerInstance make_bare_instance() {
  ContainerInstance instance;
  instance.arn.value = kInstanceArn;
  instance.cluster.value = kCluster;
  instance.status = make_instance_status("ACTIVE");
  return instance;
}

ContainerInstance make_full_instance() {
  ContainerInstance instance = make_bare_instance();
  instance.agent_connected = true;
  instance.agent_update_status = "UPDATED";
  instance.ec2_instance_id = "i-0";
  instance.attributes = {{.name = "zone", .value = "a"}, {.name = "flag", .value = ""}};
  instance.registered_resources = {{.name = "CPU", .type = "INTEGER", .value = "2048"}};
  instance.remaining_resources = {{.name = "PORTS", .type = "STRINGSET", .value = "22,80"}};
  instance.agent_hash = "hash";
  instance.agent_version = "1.2.3";
  instance.docker_version = "20";
  instance.registered_at = "r";
  return instance;
}

TEST(ApiObjects, BareTaskHasAllThatV03Requires) {
  EXPECT_EQ(encode_object(129, make_bare_task()),
            R"({"metadata":{"entityVersion":"129"},"entity":{)"
            R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
            R"("containerInstanceARN":"","containers":[],"createdAt":"2026-01-02T03:04:05.000Z",)"
            R"("desiredStatus":"RUNNING","lastStatus":"PENDING",)"
            R"("overrides":{"containerOverrides":[]},)"
            R"("taskARN":"arn:aws:ecs:eu-west-1:123456789012:task/prod/t1",)"
            R"("taskDefinitionARN":"def:1"}})");
}

TEST(ApiObjects, FullTask) {
  EXPECT_EQ(
      encode_object(1, make_full_task()),
      R"({"metadata":{"entityVersion":"1"},"entity":{)"
      R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
      R"("containerInstanceARN":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/i1",)"
      R"("containers":[{"containerARN":"c1","exitCode":0,"lastStatus":"STOPPED","name":"main",)"
      R"("networkBindings":[{"bindIP":"0.0.0.0","containerPort":80,"hostPort":32768,)"
      R"("protocol":"tcp"},{"bindIP":"::","containerPort":-1,"hostPort":0}],"reason":"done"},)"
      R"({"containerARN":"c2","lastStatus":"RUNNING","name":"side"}],)"
      R"("createdAt":"2026-01-02T03:04:05.000Z","desiredStatus":"RUNNING","group":"blox:logs",)"
      R"("healthStatus":"HEALTHY","lastStatus":"PENDING","overrides":{"containerOverrides":[)"
      R"({"command":["run","it"],"environment":[{"name":"K","value":"V"},{"name":"L","value":""}],)"
      R"("name":"main"},{"name":"side"}],"taskRoleArn":"role"},"startedAt":"a",)"
      R"("startedBy":"dep\"1\\","stopCode":"UserInitiated","stoppedAt":"b",)"
      R"("stoppedReason":"tab\u0009line\u000areturn\u000dbell\u0007 )"
      "\xc3\xa9"
      R"(","taskARN":"arn:aws:ecs:eu-west-1:123456789012:task/prod/t1",)"
      R"("taskDefinitionARN":"def:1"}})");
}

TEST(ApiObjects, BareInstanceHasAllThatV03Requires) {
  EXPECT_EQ(
      encode_object(7, make_bare_instance()),
      R"({"metadata":{"entityVersion":"7"},"entity":{"agentConnected":false,)"
      R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
      R"("containerInstanceARN":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/i1",)"
      R"("registeredResources":[],"remainingResources":[],"status":"ACTIVE","versionInfo":{}}})");
}

TEST(ApiObjects, FullInstance) {
  EXPECT_EQ(
      encode_object(7, make_full_instance()),
      R"({"metadata":{"entityVersion":"7"},"entity":{"EC2InstanceID":"i-0","agentConnected":true,)"
      R"("agentUpdateStatus":"UPDATED","attributes":[{"name":"zone","value":"a"},)"
      R"({"name":"flag","value":""}],"clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
      R"("containerInstanceARN":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/i1",)"
      R"("registeredAt":"r","registeredResources":[{"name":"CPU","type":"INTEGER",)"
      R"("value":"2048"}],"remainingResources":[{"name":"PORTS","type":"STRINGSET",)"
      R"("value":"22,80"}],"status":"ACTIVE","versionInfo":{"agentHash":"hash",)"
      R"("agentVersion":"1.2.3","dockerVersion":"20"}}})");
}

TEST(ApiObjects, LinesOfOurOwn) {
  EXPECT_EQ(encode_deleted(9, TaskArn{kTaskArn}, ClusterArn{kCluster}),
            R"({"metadata":{"entityVersion":"9","type":"deleted"},"entity":{)"
            R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
            R"("taskARN":"arn:aws:ecs:eu-west-1:123456789012:task/prod/t1"}})");
  EXPECT_EQ(
      encode_deleted(9, ContainerInstanceArn{kInstanceArn}, ClusterArn{kCluster}),
      R"({"metadata":{"entityVersion":"9","type":"deleted"},"entity":{)"
      R"("clusterARN":"arn:aws:ecs:eu-west-1:123456789012:cluster/prod",)"
      R"("containerInstanceARN":"arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/i1"}})");
  Bookmark bookmark{.store_id = "s", .entity_version = 255, .synced_at = {}};
  EXPECT_EQ(encode_bookmark(bookmark), R"({"entityVersion":"255","storeId":"s","syncedAt":{}})");
  bookmark.synced_at.emplace(kCluster, WallTime{std::chrono::seconds{1}});
  EXPECT_EQ(encode_bookmark_line(bookmark),
            R"({"metadata":{"entityVersion":"255","type":"bookmark","storeId":"s","syncedAt":{)"
            R"("arn:aws:ecs:eu-west-1:123456789012:cluster/prod":"1970-01-01T00:00:01.000Z"}}})");
  EXPECT_EQ(encode_compacted_line(5), R"({"metadata":{"entityVersion":"5","type":"compacted"}})");
}

TEST(ApiObjects, DecodeGivesBackWhatWasEncoded) {
  for (const Task& task : {make_bare_task(), make_full_task()}) {
    const auto decoded = decode_object<Task>(encode_object(3, task));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, (Versioned<Task>{3, task}));
    const auto change = decode_change<Task>(encode_object(3, task));
    ASSERT_TRUE(change) << change.error().message;
    EXPECT_EQ(change->kind, ChangeKind::kPut);
    EXPECT_EQ(change->entry, (Versioned<Task>{3, task}));
  }
  for (const ContainerInstance& instance : {make_bare_instance(), make_full_instance()}) {
    const auto decoded = decode_object<ContainerInstance>(encode_object(3, instance));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(*decoded, (Versioned<ContainerInstance>{3, instance}));
  }
  Bookmark bookmark{.store_id = "s", .entity_version = 255, .synced_at = {}};
  bookmark.synced_at.emplace(kCluster, WallTime{std::chrono::milliseconds{1'001}});
  bookmark.sync_ages.emplace(kCluster, std::chrono::milliseconds{61'001});
  bookmark.epoch = "opening-1";
  bookmark.unconfirmed.emplace(kCluster);
  bookmark.unconfirmed.emplace("another");
  bookmark.holes[ClusterArn{kCluster}].add(TaskArn{"a-hole"});
  const auto mark = decode_change<Task>(encode_bookmark_line(bookmark));
  ASSERT_TRUE(mark) << mark.error().message;
  EXPECT_EQ(mark->kind, ChangeKind::kBookmark);
  EXPECT_EQ(mark->bookmark, bookmark);
  EXPECT_EQ(encode_bookmark_head(255) + encode_bookmark_rest(bookmark),
            encode_bookmark_line(bookmark) + "\n");
  const auto deleted = decode_change<ContainerInstance>(
      encode_deleted(9, ContainerInstanceArn{kInstanceArn}, ClusterArn{kCluster}));
  ASSERT_TRUE(deleted) << deleted.error().message;
  EXPECT_EQ(deleted->kind, ChangeKind::kDeleted);
  EXPECT_EQ(deleted->entry.entity_version, 9);
  EXPECT_EQ(deleted->entry.object.arn.value, kInstanceArn);
  EXPECT_EQ(deleted->entry.object.cluster.value, kCluster);
  const auto list = decode_list<Task>(R"({"items":[)" + encode_object(3, make_full_task()) +
                                      R"(],"bookmark":)" + encode_bookmark(bookmark) + "}");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->items, (std::vector<Versioned<Task>>{{3, make_full_task()}}));
  EXPECT_EQ(list->bookmark, bookmark);
}

TEST(ApiObjects, ALineTellsHowOldItsWordIs) {
  const std::string plain = encode_object(3, make_bare_instance());
  ASSERT_TRUE(plain.starts_with(kObjectBegin));
  const auto line =
      encode_aged_begin(std::chrono::microseconds{90'000'500}) + plain.substr(kObjectBegin.size());
  EXPECT_TRUE(line.starts_with(R"({"metadata":{"ageMilliseconds":90001,"entityVersion":"3"})"));
  const auto change = decode_change<ContainerInstance>(line);
  ASSERT_TRUE(change) << change.error().message;
  EXPECT_EQ(change->entry, (Versioned<ContainerInstance>{3, make_bare_instance(),
                                                         std::chrono::milliseconds{90'001}}));
  EXPECT_EQ(decode_change<ContainerInstance>(plain)->entry.age, std::nullopt);
}

// Such an age comes of a time that somebody else wrote; the object is as good as any.
TEST(ApiObjects, AnAgeThatCannotBeIsNone) {
  const std::string rest = encode_object(3, make_bare_instance()).substr(kObjectBegin.size());
  for (const char* age : {"1000000000000000", "315360000001", "-1", "-1000000000000000"}) {
    const auto change = decode_change<ContainerInstance>(std::string{kObjectBegin} +
                                                         "\"ageMilliseconds\":" + age + "," + rest);
    ASSERT_TRUE(change) << age << ": " << change.error().message;
    EXPECT_EQ(change->entry, (Versioned<ContainerInstance>{3, make_bare_instance(), std::nullopt}))
        << age;
  }
  const auto oldest = decode_change<ContainerInstance>(encode_aged_begin(kAgeMax) + rest);
  ASSERT_TRUE(oldest) << oldest.error().message;
  EXPECT_EQ(oldest->entry.age, Duration{kAgeMax});
}

// A clock that stands at the year 1 does not take the whole picture from those who follow.
TEST(ApiObjects, TheAgesOfABookmarkHaveBoundsAndAreNeverRefused) {
  Bookmark bookmark{.store_id = "s", .entity_version = 255, .synced_at = {}};
  bookmark.sync_ages = {{ClusterArn{"old"}, kAgeMax + std::chrono::seconds{1}},
                        {ClusterArn{"ahead"}, std::chrono::seconds{-1}}};
  bookmark.receive_age = Duration::max();
  const auto told = decode_change<Task>(encode_bookmark_line(bookmark));
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->bookmark.sync_ages.at(ClusterArn{"old"}), Duration{kAgeMax});
  EXPECT_EQ(told->bookmark.sync_ages.at(ClusterArn{"ahead"}), Duration{});
  EXPECT_EQ(told->bookmark.receive_age, Duration{kAgeMax});
  const std::pair<const char*, Duration> rows[] = {{"315360000000", kAgeMax},
                                                   {"315360000001", kAgeMax},
                                                   {"9223372036854775807", kAgeMax},
                                                   {"18446744073709551615", kAgeMax},
                                                   {"1e300", kAgeMax},
                                                   {"-1", Duration{}},
                                                   {"-9223372036854775808", Duration{}},
                                                   {"61001.0", std::chrono::milliseconds{61'001}}};
  for (const auto& [text, age] : rows) {
    const std::string number{text};
    const auto change = decode_change<Task>(
        R"({"metadata":{"entityVersion":"5","type":"bookmark","storeId":"s","syncedAt":{},)"
        R"("receiveAgeMilliseconds":)" +
        number + R"(,"syncAgeMilliseconds":{"c":)" + number + "}}}");
    ASSERT_TRUE(change) << text << ": " << change.error().message;
    EXPECT_EQ(change->bookmark.receive_age, age) << text;
    EXPECT_EQ(change->bookmark.sync_ages.at(ClusterArn{"c"}), age) << text;
  }
}

TEST(ApiObjects, RefusesWhatCannotBeDecidedBy) {
  const std::tuple<const char*, ErrorKind, const char*> rows[] = {
      {"nonsense", ErrorKind::kInvalid, "stream line: not a JSON object"},
      {R"({"entity":{}})", ErrorKind::kInvalid, "stream line: metadata is not an object"},
      {R"({"metadata":{"entityVersion":5}})", ErrorKind::kInvalid,
       "stream line: entityVersion is not the text of a number >= 0"},
      {R"({"metadata":{"entityVersion":"-5"}})", ErrorKind::kInvalid,
       "stream line: entityVersion is not the text of a number >= 0"},
      {R"({"metadata":{"entityVersion":"5x"}})", ErrorKind::kInvalid,
       "stream line: entityVersion is not the text of a number >= 0"},
      {R"({"metadata":{"entityVersion":"5"}})", ErrorKind::kInvalid,
       "stream line: entity is not an object"},
      {R"({"metadata":{"entityVersion":"5"},"entity":{"clusterARN":"c"}})", ErrorKind::kInvalid,
       "stream line: task: taskARN is not a text"},
      {R"({"metadata":{"entityVersion":"5"},"entity":{"taskARN":"t","clusterARN":"c"}})",
       ErrorKind::kInvalid, "stream line: task t: lastStatus is not a text"},
      {R"({"metadata":{"entityVersion":"5","type":"compacted"}})", ErrorKind::kCompacted,
       "the stream ended: changes after 5 are gone"},
      {R"({"metadata":{"entityVersion":"5","type":"bookmark"}})", ErrorKind::kInvalid,
       "stream line: bookmark: storeId is not a text"},
      {R"({"metadata":{"entityVersion":"5","type":"bookmark","storeId":"s","syncedAt":{},)"
       R"("syncAgeMilliseconds":{"c":"old"}}})",
       ErrorKind::kInvalid, "stream line: bookmark: syncAgeMilliseconds holds what is not a"},
  };
  for (const auto& [line, kind, message] : rows) {
    const auto decoded = decode_change<Task>(line);
    ASSERT_FALSE(decoded) << line;
    EXPECT_EQ(decoded.error().kind, kind) << line;
    EXPECT_TRUE(decoded.error().message.starts_with(message))
        << line << " gave: " << decoded.error().message;
  }
  EXPECT_FALSE(decode_list<Task>(R"({"items":{}})"));
  EXPECT_FALSE(decode_list<Task>(R"({"items":[1]})"));
  EXPECT_FALSE(decode_object<ContainerInstance>(
      R"({"metadata":{"entityVersion":"5"},"entity":{"containerInstanceARN":"i","clusterARN":"c",)"
      R"("status":"ACTIVE"}})"));
}

TEST(ApiObjects, VersionsOrderCommitsAndPositions) {
  EXPECT_EQ(make_entity_version(3, 5), 389);
  EXPECT_EQ(last_entity_version(3), 511);
  EXPECT_LT(last_entity_version(3), make_entity_version(4, 0));
  EXPECT_EQ(revision_of(511), 3);
  EXPECT_EQ(revision_of(512), 4);
}

}  // namespace
}  // namespace blox::codec
