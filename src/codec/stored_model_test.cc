// Details of objects into the model: numbers as far as they are known, and none in the place of
// those that are not.
#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "codec/stored.h"

namespace blox::codec {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Task task_with(const std::string& containers) {
  const auto task = decode_task_detail(
      R"({"taskArn":"t","clusterArn":"c","lastStatus":"RUNNING","containers":[)" + containers +
      "]}");
  EXPECT_TRUE(task) << task.error().message;
  return task.value_or(Task{});
}

TEST(StoredModel, AnExitCodeIsAWholeNumberOrNotKnown) {
  const std::pair<const char*, std::optional<std::int64_t>> rows[] = {
      {"137", 137},
      {"137.0", 137},
      {"-1.0", -1},
      {"0.0", 0},
      {"137.5", std::nullopt},
      {"\"137\"", std::nullopt},
      {"1e300", std::nullopt},
      {"18446744073709551615", std::nullopt},
      {"null", std::nullopt},
  };
  for (const auto& [text, code] : rows) {
    const Task task = task_with(R"({"name":"m","exitCode":)" + std::string{text} + "}");
    EXPECT_EQ(task.containers.at(0).exit_code, code) << text;
  }
}

std::vector<NetworkBinding> bindings(const std::string& list) {
  return task_with(R"({"name":"m","networkBindings":[)" + list + "]}")
      .containers.at(0)
      .network_bindings;
}

TEST(StoredModel, ARangeOfPortsIsABindingAPort) {
  EXPECT_THAT(
      bindings(R"({"bindIP":"0.0.0.0","containerPort":80.0,"hostPort":32768,
                           "protocol":"tcp"},
                          {"bindIP":"0.0.0.0","containerPortRange":"8000-8002",
                           "hostPortRange":"40000-40002","protocol":"udp"},
                          {"containerPortRange":"9-9","hostPort":10})"),
      ElementsAre(NetworkBinding{"0.0.0.0", 80, 32768, "tcp"},
                  NetworkBinding{"0.0.0.0", 8000, 40000, "udp"},
                  NetworkBinding{"0.0.0.0", 8001, 40001, "udp"},
                  NetworkBinding{"0.0.0.0", 8002, 40002, "udp"}, NetworkBinding{"", 9, 10, ""}));
}

TEST(StoredModel, ABindingWhosePortsAreNotKnownIsNotShown) {
  for (const char* binding :
       {R"({"bindIP":"0.0.0.0","protocol":"tcp"})", R"({"containerPort":80})", R"({"hostPort":80})",
        R"({"containerPort":"80","hostPort":80})", R"({"containerPort":80.5,"hostPort":80})",
        R"({"containerPortRange":"8000-8002","hostPort":80})",
        R"({"containerPortRange":"8000-8002","hostPortRange":"1-2"})",
        R"({"containerPortRange":"8002-8000","hostPortRange":"8002-8000"})",
        R"({"containerPortRange":"8000-","hostPortRange":"8000-"})",
        R"({"containerPortRange":"-8000","hostPortRange":"-8000"})",
        R"({"containerPortRange":"8000 - 8001","hostPortRange":"8000 - 8001"})",
        R"({"containerPortRange":"65535-65536","hostPortRange":"65535-65536"})",
        R"({"containerPortRange":"1-2x","hostPortRange":"1-2x"})",
        R"({"containerPortRange":"4294967297-4294967298","hostPortRange":"1-2"})", "7"}) {
    EXPECT_THAT(bindings(binding), IsEmpty()) << binding;
  }
}

TEST(StoredModel, RangesOfOneTaskShowABoundedNumberOfPorts) {
  const std::string range = R"({"containerPortRange":"1-60","hostPortRange":"1001-1060"})";
  const std::string container = R"({"name":"m","networkBindings":[)" + range + "]}";
  const Task task = task_with(container + "," + container + "," + container);
  EXPECT_THAT(task.containers[0].network_bindings, SizeIs(60));
  EXPECT_THAT(task.containers[1].network_bindings, SizeIs(40));
  EXPECT_THAT(task.containers[2].network_bindings, IsEmpty());
  const std::string long_text(100, 'x');
  EXPECT_THAT(bindings(R"({"bindIP":")" + long_text +
                       R"(","containerPortRange":"1-60","hostPortRange":"1001-1060"})"),
              IsEmpty());
}

TEST(StoredModel, AnInstanceSaysWhenEcsSaidIt) {
  const WallTime described{std::chrono::seconds{100}};
  const auto told_at = [&](const std::string& fields, std::optional<WallTime> described_at) {
    const std::string detail =
        R"({"containerInstanceArn":"i","clusterArn":"c","status":"ACTIVE")" + fields + "}";
    const auto decoded =
        decode_stored_instance(encode_stored({detail, "", described_at, WallTime{1h}}));
    EXPECT_TRUE(decoded) << decoded.error().message;
    return std::get<StoredInstance>(*decoded).told_at;
  };
  const std::string by_event = R"(,"updatedAt":"1970-01-01T00:00:07.500Z")";
  EXPECT_EQ(told_at(by_event, std::nullopt), WallTime{7500ms});
  EXPECT_EQ(told_at(by_event, described), WallTime{7500ms}) << "the event was taken in since";
  EXPECT_EQ(told_at("", described), described);
  EXPECT_EQ(told_at("", std::nullopt), WallTime{});
  EXPECT_EQ(told_at(R"(,"updatedAt":"yesterday")", described), WallTime{});
}

TEST(StoredModel, AResourceWithoutAKnownValueIsNotShown) {
  const auto instance = decode_instance_detail(
      R"({"containerInstanceArn":"i","clusterArn":"c","status":"ACTIVE","remainingResources":[
          {"name":"CPU","type":"INTEGER","integerValue":1024.0},
          {"name":"MEMORY","type":"INTEGER","integerValue":7.5},
          {"name":"GPU","type":"INTEGER"},
          {"name":"L","type":"LONG","longValue":9223372036854775808},
          {"name":"D","type":"DOUBLE","doubleValue":"2"},
          {"name":"E","type":"DOUBLE","doubleValue":2},
          {"name":"PORTS","type":"STRINGSET","stringSetValue":["22","2376"]}]})");
  ASSERT_TRUE(instance) << instance.error().message;
  EXPECT_THAT(instance->remaining_resources,
              ElementsAre(Resource{"CPU", "INTEGER", "1024"}, Resource{"E", "DOUBLE", "2.00"},
                          Resource{"PORTS", "STRINGSET", "22,2376"}));
}

}  // namespace
}  // namespace blox::codec
