// Where flags come from: the command line beats the environment, which beats the file.
#include "blox/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace blox::apps {
namespace {

using Words = std::vector<std::string>;
using testing::HasSubstr;

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    CLI::App* command = root.add_subcommand("serve", "");
    add_flag(*command, "--queue-name", queue, "");
    add_flag(*command, "--cluster", clusters, "");
    add_config(*command);
    unsetenv("BLOX_QUEUE_NAME");
  }
  ~FlagsTest() override {
    unsetenv("BLOX_QUEUE_NAME");
    std::error_code ignored;  // There may be none.
    std::filesystem::remove(file, ignored);
  }
  void write(const std::string& text) const { std::ofstream{file} << text; }
  Result<Words> complete(Words arguments) const {
    return with_file(root, with_environment(root, std::move(arguments)));
  }

  CLI::App root;
  std::string queue;
  std::vector<std::string> clusters;
  std::string file = testing::TempDir() + "blox_flags_test.ini";
};

TEST_F(FlagsTest, FlagBeatsEnvironmentBeatsFile) {
  write("queue-name = \"of file\"\ncluster = a b\n");
  const Words config{"serve", "--config", file};
  EXPECT_EQ(complete(config).value(), (Words{"serve", "--config", file, "--queue-name=of file",
                                             "--cluster=a", "--cluster=b"}));
  setenv("BLOX_QUEUE_NAME", "of environment", 1);
  EXPECT_EQ(complete({"serve", "--config=" + file, "--cluster", "c"}).value(),
            (Words{"serve", "--config=" + file, "--cluster", "c", "--queue-name=of environment"}));
  EXPECT_EQ(complete({"serve", "--queue-name", "flag"}).value(),
            (Words{"serve", "--queue-name", "flag"}));
}

TEST_F(FlagsTest, RefusesFilesThatItDoesNotUnderstand) {
  const auto refused = [&](const char* text) {
    write(text);
    const auto completed = complete({"serve", "--config", file});
    return completed ? std::string{} : completed.error().message;
  };
  EXPECT_THAT(refused("queue = x\n"), HasSubstr("'queue' is not a flag of blox serve"));
  EXPECT_THAT(refused("config = x\n"), HasSubstr("'config' is not a flag"));
  EXPECT_THAT(refused("[section]\nqueue-name = x\n"), HasSubstr("'section.queue-name' is not"));
  const auto missing = complete({"serve", "--config", file + ".none"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(file + ".none"));
}

TEST_F(FlagsTest, NamesWhatIsNoCommand) {
  EXPECT_TRUE(check_command(root, {"serve", "nonsense"}));
  EXPECT_TRUE(check_command(root, {}));
  EXPECT_TRUE(check_command(root, {"--version"}));
  const auto refused = check_command(root, {"nonsense"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "'nonsense' is not a command");
}

}  // namespace
}  // namespace blox::apps
