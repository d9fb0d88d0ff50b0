// Region and endpoint by table.
#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>

namespace blox::aws {
namespace {

SharedFiles make_files(const char* config) {
  SharedFiles files;
  files.config = parse_ini(config).value();
  return files;
}

TEST(ChooseRegion, FollowsTheTable) {
  const auto files = make_files("[default]\nregion=eu-west-2\n[p]\nregion=sa-east-1\n");
  const std::tuple<const char*, Environment, const char*> rows[] = {
      {"AWS_REGION", {{"AWS_REGION", "a-1"}, {"AWS_DEFAULT_REGION", "b-1"}}, "a-1"},
      {"AWS_DEFAULT_REGION", {{"AWS_DEFAULT_REGION", "b-1"}, {"AWS_PROFILE", "p"}}, "b-1"},
      {"profile", {{"AWS_PROFILE", "p"}}, "sa-east-1"},
      {"default profile", {}, "eu-west-2"},
  };
  for (const auto& [rule, environment, region] : rows) {
    EXPECT_EQ(choose_region(environment, files).value(), region) << rule;
  }
  const auto none = choose_region({{"HOME", "/h"}, {"AWS_PROFILE", "q"}}, files);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "no AWS region: set AWS_REGION, or region in profile 'q'");
  const auto homeless = choose_region({}, {});
  ASSERT_FALSE(homeless);
  EXPECT_EQ(homeless.error().message,
            "no AWS region: set AWS_REGION, or region in profile 'default'; HOME is not set, so "
            "nothing in ~/.aws is read");
  const auto broken = choose_region({{"AWS_REGION", "eu-west-1\n"}}, files);
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with("AWS_REGION is 'eu-west-1\\x0a', which is no"))
      << broken.error().message;
  EXPECT_FALSE(choose_region({{"AWS_REGION", "evil.test/"}}, files));
}

TEST(ChooseEndpoint, FollowsTheTable) {
  const auto files = make_files(
      "[p]\nservices = local\nendpoint_url = http://all.p\n"
      "[q]\nendpoint_url = http://all.q/base/\n[services local]\necs =\n  endpoint_url = "
      "http://ecs.p\n"
      "[off]\nendpoint_url = http://off\nignore_configured_endpoint_urls = true\n");
  const std::tuple<const char*, Environment, const char*, const char*> rows[] = {
      {"default", {}, "eu-west-1", "https://ecs.eu-west-1.amazonaws.com"},
      {"China", {}, "cn-north-1", "https://ecs.cn-north-1.amazonaws.com.cn"},
      {"GovCloud", {}, "us-gov-west-1", "https://ecs.us-gov-west-1.amazonaws.com"},
      {"isolated", {}, "us-isob-east-1", "https://ecs.us-isob-east-1.sc2s.sgov.gov"},
      {"for the service",
       {{"AWS_ENDPOINT_URL_ECS", "http://a"}, {"AWS_ENDPOINT_URL", "http://b"}},
       "x-1",
       "http://a"},
      {"for another service",
       {{"AWS_ENDPOINT_URL_SQS", "http://a"}},
       "x-1",
       "https://ecs.x-1.amazonaws.com"},
      {"for all",
       {{"AWS_ENDPOINT_URL", "http://127.0.0.1:4567/"}, {"AWS_PROFILE", "p"}},
       "x-1",
       "http://127.0.0.1:4567"},
      {"services section", {{"AWS_PROFILE", "p"}}, "x-1", "http://ecs.p"},
      {"endpoint_url of the profile", {{"AWS_PROFILE", "q"}}, "x-1", "http://all.q/base"},
      {"ignored",
       {{"AWS_ENDPOINT_URL", "http://b"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}},
       "x-1",
       "https://ecs.x-1.amazonaws.com"},
      {"ignored by the profile", {{"AWS_PROFILE", "off"}}, "x-1", "https://ecs.x-1.amazonaws.com"},
      {"an address of IPv6",
       {{"AWS_ENDPOINT_URL", "http://[::1]:4567"}},
       "x-1",
       "http://[::1]:4567"},
      {"host in lower case",
       {{"AWS_ENDPOINT_URL", "https://Host:8443/Base"}},
       "x-1",
       "https://host:8443/Base"},
  };
  for (const auto& [rule, environment, region, url] : rows) {
    const auto chosen = choose_endpoint(environment, files, "ecs", region);
    ASSERT_TRUE(chosen) << rule << ": " << chosen.error().message;
    EXPECT_EQ(*chosen, url) << rule;
  }
}

TEST(ChooseEndpoint, RefusesWhatCannotBeSigned) {
  for (const char* url :
       {"127.0.0.1:4567", "ftp://h", "http://", "http:///path", "http://h/?a", "http://u@h",
        "http://h/#f", "http://h:99999", "http://h:abc", "http://h:", "http://h:0/a",
        "http://[::1]:x", "http://h/a//b", "http://h/../b", "http://h h", "http://h\r\nX: y"}) {
    const auto chosen = choose_endpoint({{"AWS_ENDPOINT_URL", url}}, {}, "ecs", "eu-west-1");
    ASSERT_FALSE(chosen) << url;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kInvalid);
    EXPECT_TRUE(chosen.error().message.starts_with("AWS_ENDPOINT_URL is '")) << url;
  }
}

TEST(ChooseEndpoint, RepeatsNoPassword) {
  for (const char* url : {"http://user:secret@h", "user:secret@h", "ftp://user:secret@h"}) {
    const auto chosen = choose_endpoint({{"AWS_ENDPOINT_URL", url}}, {}, "ecs", "eu-west-1");
    ASSERT_FALSE(chosen) << url;
    EXPECT_EQ(chosen.error().message.find("secret"), std::string::npos) << chosen.error().message;
  }
}

}  // namespace
}  // namespace blox::aws
