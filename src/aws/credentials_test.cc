// Whose credentials are used, by table; and that files are read again when they change.
#include "aws/credentials.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::aws {
namespace {

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
      {"token of the environment",
       {{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "es"}, {"AWS_SESSION_TOKEN", "new"}},
       "",
       kKeys,
       {"E", "es", "new"}},
      {"the older name goes first",
       {{"AWS_ACCESS_KEY_ID", "E"},
        {"AWS_SECRET_ACCESS_KEY", "es"},
        {"AWS_SESSION_TOKEN", "new"},
        {"AWS_SECURITY_TOKEN", "old"}},
       "",
       kKeys,
       {"E", "es", "old"}},
      {"default profile", {}, "", kKeys, {"D", "ds", ""}},
      {"AWS_PROFILE", {{"AWS_PROFILE", "p"}}, "", kKeys, {"P", "ps", "pt"}},
      {"AWS_DEFAULT_PROFILE", {{"AWS_DEFAULT_PROFILE", "p"}}, "", kKeys, {"P", "ps", "pt"}},
      {"config file after credentials file",
       {{"AWS_PROFILE", "empty"}},
       "[empty]\naws_access_key_id=C\naws_secret_access_key=cs\n",
       kKeys,
       {"C", "cs", ""}},
      {"keys in the credentials file before credential_process",
       {{"AWS_PROFILE", "p"}},
       "[p]\ncredential_process=/bin/id\n",
       kKeys,
       {"P", "ps", "pt"}},
      {"environment before a role",
       keys_and_profile,
       "[p]\nrole_arn=arn:aws:iam::1:role/r\n",
       kKeys,
       {"E", "es", ""}},
  };
  const char* const both = "aws_session_token=new\naws_security_token=old\n";
  const std::string section = "[default]\naws_access_key_id=D\naws_secret_access_key=ds\n";
  EXPECT_EQ(choose_credentials({}, make_files("", (section + both).c_str()))->session_token, "old");
  EXPECT_EQ(choose_credentials({}, make_files((section + both).c_str(), ""))->session_token, "old");
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
      {"no home",
       {},
       "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a "
       "profile with aws_access_key_id and aws_secret_access_key (profile 'default' has them "
       "neither in ~/.aws/credentials nor in ~/.aws/config; HOME is not set, so nothing in ~/.aws "
       "is read)"},
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

// What a shell or an editor put at their ends: AWS would say of them that they are unknown.
TEST(ChooseCredentials, NamesKeysThatHoldBlanks) {
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"AWS_ACCESS_KEY_ID", "E\n", "the environment: AWS_ACCESS_KEY_ID holds a blank"},
      {"AWS_ACCESS_KEY_ID", " ", "the environment: AWS_ACCESS_KEY_ID holds a blank"},
      {"AWS_SECRET_ACCESS_KEY", "hush hush", "the environment: AWS_SECRET_ACCESS_KEY holds"},
      {"AWS_SECRET_ACCESS_KEY", "hush\r", "the environment: AWS_SECRET_ACCESS_KEY holds"},
      {"AWS_SESSION_TOKEN", "hush\t", "the environment: AWS_SESSION_TOKEN holds"},
      {"AWS_SECURITY_TOKEN", "hush\xc2\xa0", "the environment: AWS_SECURITY_TOKEN holds"},
  };
  for (const auto& [name, value, message] : rows) {
    Environment environment{{"AWS_ACCESS_KEY_ID", "E"}, {"AWS_SECRET_ACCESS_KEY", "es"}};
    environment[name] = value;
    const auto chosen = choose_credentials(environment, make_files("", kKeys));
    ASSERT_FALSE(chosen) << name;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kDenied);
    EXPECT_TRUE(chosen.error().message.starts_with(message)) << chosen.error().message;
    EXPECT_EQ(chosen.error().message.find("hush"), std::string::npos);
  }
  // The second line is indented, so it goes on with the value of the first.
  const auto indented = choose_credentials(
      {}, make_files("",
                     "[default]\naws_access_key_id = D\n  aws_secret_access_key = s\n"
                     "aws_secret_access_key = t\n"));
  ASSERT_FALSE(indented);
  EXPECT_TRUE(indented.error().message.starts_with(
      "profile 'default': aws_access_key_id holds a blank, a line end"))
      << indented.error().message;
}

// With the profile's keys we would be somebody else than every other tool for AWS is.
TEST(ChooseCredentials, UsesNoKeysWhereAnotherIdentityIsMeant) {
  const std::tuple<const char*, Environment, const char*, const char*> rows[] = {
      {"a role", {}, "[p]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=p\n", "role_arn"},
      {"web identity", {}, "[p]\nweb_identity_token_file=/t\n", "web_identity_token_file"},
      {"SSO", {}, "[p]\nsso_session=s\n", "sso_session"},
      {"SSO of old", {}, "[p]\nsso_start_url=https://s\n", "sso_start_url"},
      {"web identity in the environment",
       {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"}},
       "",
       "AWS_WEB_IDENTITY_TOKEN_FILE"},
  };
  for (const auto& [rule, variables, config, key] : rows) {
    Environment environment = variables;
    environment["AWS_PROFILE"] = "p";
    const auto chosen = choose_credentials(environment, make_files(config, kKeys));
    ASSERT_FALSE(chosen) << rule;
    EXPECT_EQ(chosen.error().kind, ErrorKind::kDenied) << rule;
    EXPECT_NE(chosen.error().message.find(std::string{key} + " is set, which is not supported yet"),
              std::string::npos)
        << chosen.error().message;
  }
  const Environment own{{"AWS_PROFILE", "own"}};
  const auto by_process =
      choose_credentials(own, make_files("[own]\ncredential_process=/bin/id\naws_access_key_id=C\n"
                                         "aws_secret_access_key=cs\n",
                                         ""));
  EXPECT_EQ(by_process.error().kind, ErrorKind::kDenied);
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
    return run_to_end(loop, provider.get(), Duration{1});
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
  write("[default]\naws_access_key_id=C\naws_secret_access_key=s\n");
  std::filesystem::last_write_time(path_, written_at);
  EXPECT_EQ(get(provider).value().access_key_id, "B");
  provider.forget();
  EXPECT_EQ(get(provider).value().access_key_id, "C");
}

TEST_F(SharedCredentialsTest, AsksNoFileWhenTheEnvironmentHasTheKeys) {
  write("nonsense\n");
  environment_["AWS_ACCESS_KEY_ID"] = "E";
  environment_["AWS_SECRET_ACCESS_KEY"] = "es";
  SharedCredentials provider{environment_};
  EXPECT_EQ(get(provider).value().access_key_id, "E");
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

}  // namespace
}  // namespace blox::aws
