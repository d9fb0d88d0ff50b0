// The shared files, credentials, region and endpoint from them, by table; and that files are read
// again when they change.
#include "aws/shared_files.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "aws/credentials.h"
#include "aws/endpoints.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

TEST(ParseIni, FollowsTheTable) {
  const std::tuple<const char*, const char*, const char*, const char*, const char*> rows[] = {
      {"a key", "[a]\nk = v\n", "a", "k", "v"},
      {"no blanks, no line end", "[a]\nk=v", "a", "k", "v"},
      {"line ends of Windows", "[a]\r\nk = v\r\n", "a", "k", "v"},
      {"keys in any case", "[a]\nAWS_Key=v", "a", "aws_key", "v"},
      {"comments", "# c\n; c\n[a]\n\nk=v # not it\n", "a", "k", "v"},
      {"a sign of comment within", "[a]\nk=v#1;2=\n", "a", "k", "v#1;2="},
      {"a section in two parts", "[a]\nk=v\n[b]\n[a]\nl=w\n", "a", "k", "v"},
      {"nested", "[services s]\necs =\n  endpoint_url = http://h\nx=y", "services s",
       "ecs.endpoint_url", "http://h"},
      {"no longer nested", "[s]\necs =\n  a = b\nx=y", "s", "x", "y"},
      {"blanks within a section's name", "[ profile p ]\nk=v", "profile p", "k", "v"},
  };
  for (const auto& [rule, text, section, key, value] : rows) {
    const auto parsed = parse_ini(text);
    ASSERT_TRUE(parsed) << rule << ": " << parsed.error().message;
    EXPECT_EQ(parsed->at(section).at(key), value) << rule;
  }
}

TEST(ParseIni, NamesTheBadLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"[a]\nk=v\nword\n", "line 3 has no key"},
      {"[a]\n=v\n", "line 2 has no key"},
      {"\n[a\n", "line 2 has no ']'"},
      {"k=v\n", "line 1 stands before the first section"},
  };
  for (const auto& [text, message] : rows) {
    const auto parsed = parse_ini(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalid);
    EXPECT_TRUE(parsed.error().message.starts_with(message)) << parsed.error().message;
  }
}

SharedFiles make_files(const char* config, const char* credentials) {
  SharedFiles files;
  files.config = parse_ini(config).value();
  files.credentials = parse_ini(credentials).value();
  return files;
}

constexpr const char* kKeys =
    "[default]\naws_access_key_id=D\naws_secret_access_key=ds\n"
    "[p]\naws_access_key_id=P\naws_secret_access_key=ps\naws_session_token=pt\n"
    "[half]\naws_access_key_id=H\n[empty]\n";

TEST(ChooseCredentials, FollowsTheTable) {
  const Environment keys{{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "es"}};
  Environment keys_and_profile = keys;
  keys_and_profile["AWS_PROFILE"] = "p";
  const std::tuple<const char*, Environment, const char*, const char*, Credentials> rows[] = {
      {"environment", keys, "", kKeys, {"E", "es", ""}},
      {"environment before a profile", keys_and_profile, "", kKeys, {"E", "es", ""}},
      {"default profile", {}, "", kKeys, {"D", "ds", ""}},
      {"AWS_PROFILE", {{"AWS_PROFILE", "p"}}, "", kKeys, {"P", "ps", "pt"}},
      {"AWS_DEFAULT_PROFILE", {{"AWS_DEFAULT_PROFILE", "p"}}, "", kKeys, {"P", "ps", "pt"}},
      {"config file after credentials file",
       {{"AWS_PROFILE", "empty"}},
       "[empty]\naws_access_key_id=C\naws_secret_access_key=cs\n",
       kKeys,
       {"C", "cs", ""}},
  };
  for (const auto& [rule, environment, config, credentials, expected] : rows) {
    const auto chosen = choose_credentials(environment, make_files(config, credentials));
    ASSERT_TRUE(chosen) << rule << ": " << chosen.error().message;
    EXPECT_EQ(*chosen, expected) << rule;
  }
}

TEST(ChooseCredentials, SaysWhatToSet) {
  const std::tuple<const char*, Environment, const char*> rows[] = {
      {"nothing",
       {{"HOME", "/h"}},
       "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a "
       "profile with aws_access_key_id and aws_secret_access_key (profile 'default' has them "
       "neither in '/h/.aws/credentials' nor in '/h/.aws/config')"},
      {"half in the environment",
       {{"AWS_ACCESS_KEY_ID", "E"}},
       "the environment: AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not; set both"},
      {"other half",
       {{"AWS_SECRET_ACCESS_KEY", "e"}},
       "the environment: AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not; set both"},
      {"half in a profile",
       {{"AWS_PROFILE", "half"}},
       "profile 'half': aws_access_key_id is set but aws_secret_access_key is not; set both"},
  };
  for (const auto& [rule, environment, message] : rows) {
    const char* const keys = environment.contains("AWS_PROFILE") ? kKeys : "";
    const auto chosen = choose_credentials(environment, make_files("", keys));
    ASSERT_FALSE(chosen) << rule;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kDenied) << rule;
    EXPECT_EQ(chosen.error().message, message) << rule;
  }
}

TEST(ChooseRegion, FollowsTheTable) {
  const auto files = make_files("[default]\nregion=eu-west-2\n[p]\nregion=sa-east-1\n", "");
  const std::tuple<const char*, Environment, const char*> rows[] = {
      {"AWS_REGION", {{"AWS_REGION", "a-1"}, {"AWS_DEFAULT_REGION", "b-1"}}, "a-1"},
      {"AWS_DEFAULT_REGION", {{"AWS_DEFAULT_REGION", "b-1"}, {"AWS_PROFILE", "p"}}, "b-1"},
      {"profile", {{"AWS_PROFILE", "p"}}, "sa-east-1"},
      {"default profile", {}, "eu-west-2"},
  };
  for (const auto& [rule, environment, region] : rows) {
    EXPECT_EQ(choose_region(environment, files).value(), region) << rule;
  }
  const auto none = choose_region({{"AWS_PROFILE", "q"}}, files);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "no AWS region: set AWS_REGION, or region in profile 'q'");
  EXPECT_FALSE(choose_region({{"AWS_REGION", "evil.test/"}}, files));
}

TEST(ChooseEndpoint, FollowsTheTable) {
  const auto files = make_files(
      "[p]\nservices = local\nendpoint_url = http://all.p\n"
      "[q]\nendpoint_url = http://all.q/base/\n[services local]\necs =\n  endpoint_url = "
      "http://ecs.p\n"
      "[off]\nendpoint_url = http://off\nignore_configured_endpoint_urls = true\n",
      "");
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
        "http://h/#f", "http://h/a//b", "http://h/../b", "http://h h", "http://h\r\nX: y"}) {
    const auto chosen = choose_endpoint({{"AWS_ENDPOINT_URL", url}}, {}, "ecs", "eu-west-1");
    ASSERT_FALSE(chosen) << url;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kInvalid);
    EXPECT_TRUE(chosen.error().message.starts_with("AWS_ENDPOINT_URL is '")) << url;
  }
}

class SharedCredentialsTest : public testing::Test {
 protected:
  SharedCredentialsTest() {
    environment_ = {{"AWS_SHARED_CREDENTIALS_FILE", path_},
                    {"AWS_CONFIG_FILE", path_ + ".missing"}};
  }
  ~SharedCredentialsTest() override { std::remove(path_.c_str()); }

  void write(const std::string& text) { std::ofstream{path_} << text; }
  Result<Credentials> get(SharedCredentials& provider) {
    SimLoop loop{1};
    Scope scope{loop};
    std::optional<Result<Credentials>> got;
    const auto work = [&]() -> Async<void> { got = co_await provider.get(); };
    scope.spawn(work());
    loop.run_for(Duration{1});
    return *got;
  }

  const std::string path_ = testing::TempDir() + "blox_credentials_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
  Environment environment_;
};

TEST_F(SharedCredentialsTest, ReadsAgainWhenTheFileChanges) {
  write("[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  SharedCredentials provider{environment_};
  EXPECT_EQ(get(provider).value().access_key_id, "A");
  write("[default]\naws_access_key_id=LONGER\naws_secret_access_key=s\n");
  EXPECT_EQ(get(provider).value().access_key_id, "LONGER");
}

TEST_F(SharedCredentialsTest, ReadsAgainWhenCredentialsWereRefused) {
  write("[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  const auto written_at = std::filesystem::last_write_time(path_);
  SharedCredentials provider{environment_};
  const Credentials first = get(provider).value();
  write("[default]\naws_access_key_id=B\naws_secret_access_key=s\n");
  std::filesystem::last_write_time(path_, written_at);  // Nothing tells of the change.
  EXPECT_EQ(get(provider).value().access_key_id, "A");
  provider.on_refused(first);
  EXPECT_EQ(get(provider).value().access_key_id, "B");
}

TEST_F(SharedCredentialsTest, FailsUntilTheFileIsThere) {
  SharedCredentials provider{environment_};
  EXPECT_EQ(get(provider).error().kind, ErrorKind::kDenied);
  write("[default]\nnonsense\n");
  const auto broken = get(provider);
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message.starts_with("AWS credentials: file '" + path_ + "': line 2"))
      << broken.error().message;
  write("[default]\naws_access_key_id=A\naws_secret_access_key=s\n");
  EXPECT_EQ(get(provider).value().access_key_id, "A");
}

TEST_F(SharedCredentialsTest, FindsItsFilesAtHome) {
  EXPECT_EQ(config_path({{"HOME", "/home/me"}}), "/home/me/.aws/config");
  EXPECT_EQ(credentials_path({{"HOME", "/home/me"}}), "/home/me/.aws/credentials");
  EXPECT_EQ(config_path({{"HOME", "/home/me"}, {"AWS_CONFIG_FILE", "~/c"}}), "/home/me/c");
  EXPECT_EQ(config_path({}), "");
}

}  // namespace
}  // namespace blox::aws
