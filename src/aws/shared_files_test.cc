// Where the shared files are, and what of them can be read.
#include "aws/shared_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace blox::aws {
namespace {

TEST(SharedFiles, StandAtHome) {
  EXPECT_EQ(config_path({{"HOME", "/home/me"}}), "/home/me/.aws/config");
  EXPECT_EQ(credentials_path({{"HOME", "/home/me"}}), "/home/me/.aws/credentials");
  EXPECT_EQ(config_path({{"HOME", "/home/me"}, {"AWS_CONFIG_FILE", "~/c"}}), "/home/me/c");
  EXPECT_EQ(config_path({}), "");
}

class SharedFilesTest : public testing::Test {
 protected:
  SharedFilesTest() { std::filesystem::create_directories(home_ + "/.aws"); }
  ~SharedFilesTest() override { std::filesystem::remove_all(home_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream{home_ + "/.aws/" + name} << text;
  }

  const std::string home_ = testing::TempDir() + "blox_home_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
  const Environment environment_{{"HOME", home_}};
};

TEST_F(SharedFilesTest, ReadsBothAndNamesProfilesPlainly) {
  write("config",
        "[default]\nregion=a-1\n[profile p]\nregion=b-1\n[profile \"my prof\"]\nregion=c-1\n"
        "[profile\t'q']\nregion=d-1\n[services \"s\"]\necs =\n  endpoint_url = http://h\n");
  write("credentials", std::string(10'000, '#') + "\n[p]\naws_access_key_id=P\n");
  const auto files = load_shared_files(environment_);
  ASSERT_TRUE(files) << files.error().message;
  const std::pair<const char*, const char*> rows[] = {
      {"default", "a-1"}, {"p", "b-1"}, {"my prof", "c-1"}, {"q", "d-1"}};
  for (const auto& [profile, region] : rows) {
    EXPECT_EQ(get_profile_value(*files, profile, "region"), region) << profile;
  }
  EXPECT_EQ(files->config.at("services s").at("ecs.endpoint_url"), "http://h");
  EXPECT_EQ(get_profile_value(*files, "p", "aws_access_key_id"), "P");
}

TEST_F(SharedFilesTest, MakesNoProfileOfWhatIsNoneToBotocore) {
  write("config", "[p]\nregion=a-1\n[profile a b]\nregion=b-1\n[profile q]\nregion=c-1\n");
  write("credentials", "[ default ]\naws_access_key_id=A\n[profile p]\naws_access_key_id=P\n");
  const auto files = load_shared_files(environment_);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->config.size(), 1U);
  EXPECT_EQ(get_profile_value(*files, "q", "region"), "c-1");
  EXPECT_EQ(get_profile_value(*files, "default", "aws_access_key_id"), "");
  EXPECT_EQ(get_profile_value(*files, "p", "aws_access_key_id"), "");
}

TEST_F(SharedFilesTest, NamesFileAndLineOfAProfileThatStandsTwice) {
  write("config", "[profile p]\nregion=a-1\n[profile 'p']\nregion=b-1\n");
  const auto files = load_shared_files(environment_);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message, "file '" + home_ +
                                       "/.aws/config': line 3 opens section 'profile 'p'' a second "
                                       "time; nobody knows which one is meant");
}

TEST_F(SharedFilesTest, SaysThatHomeIsMissing) {
  EXPECT_EQ(missing_home(environment_), "");
  EXPECT_EQ(missing_home({{"AWS_CONFIG_FILE", "a"}, {"AWS_SHARED_CREDENTIALS_FILE", "b"}}), "");
  EXPECT_NE(missing_home({{"AWS_CONFIG_FILE", "a"}}), "");
  for (const char* variable : {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) {
    const auto files = load_shared_files({{variable, "~/c"}});
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().message, std::string{variable} + " is '~/c', and HOME is not set");
  }
}

TEST_F(SharedFilesTest, TakesMissingFilesForEmpty) {
  EXPECT_TRUE(load_shared_files(environment_).value().config.empty());
  EXPECT_TRUE(load_shared_files({}).value().config.empty());
  const auto through_file = load_shared_files({{"AWS_CONFIG_FILE", "/dev/null/config"}});
  EXPECT_TRUE(through_file.value().config.empty());
}

TEST_F(SharedFilesTest, SaysThatADirectoryIsNoFile) {
  std::filesystem::create_directories(home_ + "/.aws/config");
  const auto files = load_shared_files(environment_);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().kind, ErrorKind::kDenied);
  EXPECT_NE(files.error().message.find(home_ + "/.aws/config'"), std::string::npos)
      << files.error().message;
}

TEST_F(SharedFilesTest, MindsNoHomeThatIsNotItsOwn) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  write("config", "[default]\nregion=a-1\n");
  std::filesystem::permissions(home_ + "/.aws/config", std::filesystem::perms::none);
  EXPECT_TRUE(load_shared_files(environment_).value().config.empty());
  const auto named = load_shared_files({{"AWS_CONFIG_FILE", home_ + "/.aws/config"}});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().kind, ErrorKind::kDenied);
}

}  // namespace
}  // namespace blox::aws
