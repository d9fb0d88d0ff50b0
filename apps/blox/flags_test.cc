// Where flags come from: the command line beats the environment, which beats the file.
#include "blox/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>

#include "blox/modes.h"
#include "blox/service_flags.h"
#include "cli/commands.h"

namespace blox::apps {
namespace {

using Words = std::vector<std::string>;
using testing::HasSubstr;
using testing::StartsWith;

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    CLI::App* command = root.add_subcommand("serve", "");
    add_flag(*command, "--queue-name", queue, "");
    add_flag(*command, "--cluster", clusters, "");
    command->add_flag("--wide,!--narrow", wide, "");
    root.add_subcommand("look", "")->add_option("--depth", depth, "");
    add_sources(root);
    forget_variables();
  }
  ~FlagsTest() override {
    forget_variables();
    std::error_code ignored;  // There may be none.
    std::filesystem::remove(file, ignored);
  }
  static void forget_variables() {
    for (const char* name : {"BLOX_QUEUE_NAME", "BLOX_CLUSTER", "BLOX_WIDE"}) unsetenv(name);
  }
  void write(const std::string& text) const { std::ofstream{file} << text; }
  Result<Words> complete(Words arguments) const {
    return with_file(root, with_environment(root, std::move(arguments)));
  }

  CLI::App root;
  std::string queue;
  std::vector<std::string> clusters;
  bool wide = false;
  int depth = 0;
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
  EXPECT_THAT(refused("queue = x\n"), HasSubstr("'queue' is not a flag of blox"));
  EXPECT_THAT(refused("config = x\n"), HasSubstr("'config' is not a flag"));
  EXPECT_THAT(refused("[section]\nqueue-name = x\n"), HasSubstr("'section.queue-name' is not"));
  const auto missing = complete({"serve", "--config", file + ".none"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(file + ".none"));
}

// It would else be taken for an empty one, and the program run by other settings than meant.
TEST_F(FlagsTest, RefusesWhatIsNoFile) {
  const std::string directory = testing::TempDir();
  for (const Words& line : {Words{"serve", "--config", directory}, {"serve", "--config=/"}}) {
    const auto refused = complete(line);
    ASSERT_FALSE(refused) << line.back();
    EXPECT_THAT(refused.error().message, StartsWith("--config '"));
    EXPECT_THAT(refused.error().message,
                HasSubstr("': is a directory; it takes a file with lines of: name = value"));
  }
  EXPECT_TRUE(complete({"serve", "--config", "/dev/null"})) << "it can be read, and is empty";
}

TEST_F(FlagsTest, OneFileServesAllCommands) {
  write("queue-name = x\ndepth = 3\n");
  EXPECT_EQ(complete({"serve", "--config", file}).value(),
            (Words{"serve", "--config", file, "--queue-name=x"}));
  EXPECT_EQ(complete({"look", "--config", file}).value(),
            (Words{"look", "--config", file, "--depth=3"}));
}

TEST_F(FlagsTest, VariablesOfRepeatableFlagsHoldAllValues) {
  setenv("BLOX_CLUSTER", "web,prod,", 1);
  setenv("BLOX_QUEUE_NAME", "one,two", 1);
  EXPECT_EQ(complete({"serve"}).value(),
            (Words{"serve", "--queue-name=one,two", "--cluster=web", "--cluster=prod"}));
  EXPECT_EQ(complete({"serve", "--cluster=mine", "--queue-name", "q"}).value(),
            (Words{"serve", "--cluster=mine", "--queue-name", "q"}));
}

TEST_F(FlagsTest, VariablesTurnFlagsOnAndOff) {
  const auto parsed = [&](Words arguments) {
    auto words = complete(std::move(arguments)).value();
    std::ranges::reverse(words);
    root.parse(words);
    return wide;
  };
  setenv("BLOX_WIDE", "true", 1);
  EXPECT_TRUE(parsed({"serve"}));
  EXPECT_FALSE(parsed({"serve", "--narrow"}));
  setenv("BLOX_WIDE", "false", 1);
  EXPECT_FALSE(parsed({"serve"}));
}

// A command below `app` without commands of its own, and all its flags.
void expect_sources(const CLI::App& app, int& command_count) {
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : below) expect_sources(*command, command_count);
  if (!below.empty()) return;
  ++command_count;
  bool has_config = false;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || option == app.get_help_ptr()) continue;
    if (option == app.get_version_ptr()) {
      EXPECT_EQ(option->get_envname(), "") << app.get_name();
      continue;
    }
    has_config |= option->get_envname() == "BLOX_CONFIG";
    EXPECT_THAT(option->get_envname(), StartsWith("BLOX_"))
        << app.get_name() << " " << option->get_name();
  }
  EXPECT_TRUE(has_config) << app.get_name();
}

TEST(Program, EachFlagOfEachCommandHasItsVariableAndFile) {
  CLI::App root;
  int status = 0;
  add_server(root, status);
  add_cluster_state_service(root, status);
  add_daemon_scheduler(root, status);
  add_simulator(root, status);
  add_demo(root, status);
  cli::Invocation invocation;
  cli::add_commands(root, invocation);
  add_version(root, "blox 1");
  add_sources(root);
  int command_count = 0;
  expect_sources(root, command_count);
  EXPECT_GT(command_count, 15);
  const CLI::App* deploy = root.get_subcommand("deploy");
  EXPECT_EQ(deploy->get_option("--wait-max")->get_envname(), "BLOX_WAIT_MAX");
  EXPECT_EQ(deploy->get_option("--supersede")->get_envname(), "BLOX_SUPERSEDE");
}

TEST_F(FlagsTest, EachCommandSaysItsVersion) {
  add_version(root, "blox 1");
  root.get_subcommand("look")->add_option("WHAT")->required();  // Not wanted for the version.
  for (const Words& line : {Words{"--version"}, {"serve", "--version"}, {"look", "--version"}}) {
    auto words = complete(line).value();
    std::ranges::reverse(words);
    std::ostringstream said;
    try {
      root.parse(words);
      FAIL() << line.front();
    } catch (const CLI::ParseError& end) {
      EXPECT_EQ(root.exit(end, said, said), 0) << line.front();
    }
    EXPECT_EQ(said.str(), "blox 1\n");
  }
  write("version = true\n");
  EXPECT_FALSE(complete({"serve", "--config", file}));
}

TEST(Program, AmountsOfMemoryReachTheServices) {
  const std::tuple<Words, const char*, std::size_t> rows[] = {
      {{}, "", std::size_t{64} << 20},
      {{"--ingest-memory=2GiB", "--store-queue-memory=96MiB"}, "", std::size_t{2} << 30},
      {{"--ingest-memory=1KiB"}, "'1KiB' is not from 1MiB to 64GiB", 0},
      {{"--store-queue-memory=much"}, "'much' is not an amount of memory", 0},
  };
  for (const auto& [given, problem, bytes] : rows) {
    CLI::App app;
    CommonFlags common;
    StateFlags state;
    common.add_to(app, "blox.db");
    state.add_to(app);
    auto words = given;
    std::string refused;
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      refused = error.what();
    }
    EXPECT_THAT(refused, HasSubstr(problem));
    if (*problem != '\0') continue;
    EXPECT_EQ(refused, "");
    EXPECT_EQ(state.options("eu-west-1").consumer.undurable_bytes_max, bytes);
  }
}

TEST(Program, TheShareOfTheFirstReadReachesReconcile) {
  const std::tuple<Words, const char*, double> rows[] = {
      {{}, "", 1.0},
      {{"--boot-api-share=0.4"}, "", 0.4},
      {{"--boot-api-share=3"}, "", 3},
      {{"--boot-api-share=0"}, "--boot-api-share", 0},
      {{"--boot-api-share=101"}, "--boot-api-share", 0},
  };
  for (const auto& [given, problem, share] : rows) {
    CLI::App app;
    StateFlags state;
    state.add_to(app);
    auto words = given;
    std::string refused;
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      refused = error.what();
    }
    EXPECT_THAT(refused, HasSubstr(problem));
    EXPECT_EQ(refused.empty(), *problem == '\0') << refused;
    if (refused.empty()) {
      EXPECT_EQ(state.options("eu-west-1").reconcile.boot_share, share);
    }
  }
}

TEST(Program, NamesOfClustersAreThoseThatEcsCanHave) {
  const std::string arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod";
  const std::pair<std::string, bool> rows[] = {
      {"prod", true}, {arn, true},         {"", false},
      {"a b", false}, {"a, b", false},     {"a\r\nb", false},
      {"a/b", false}, {arn + "/x", false}, {"arn:aws:ecs:eu-west-1:123456789012:task/prod", false},
  };
  for (const auto& [name, is_taken] : rows) {
    CLI::App app;
    StateFlags state;
    state.add_to(app);
    std::string refused;
    try {
      app.parse(Words{"--cluster=" + name});
    } catch (const CLI::ParseError& error) {
      refused = error.what();
    }
    EXPECT_EQ(refused.empty(), is_taken) << name << ": " << refused;
    if (!is_taken) {
      EXPECT_THAT(refused, HasSubstr("--cluster")) << name;
    }
  }
}

TEST(Program, RefusesALogThatIsADirectory) {
  const std::string directory = testing::TempDir();
  setenv("FLAGS_TEST_LOG_FILE", directory.c_str(), 1);
  const auto refused = LogFlags{}.configure({"FLAGS_TEST"});
  unsetenv("FLAGS_TEST_LOG_FILE");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, StartsWith("FLAGS_TEST_LOG_FILE: log file '" + directory));
  EXPECT_THAT(refused.error().message, HasSubstr("directory"));
}

TEST(Program, WhatHasStoppedStaysAsLongAsIsSaid) {
  const std::pair<Words, Duration> rows[] = {
      {{}, std::chrono::hours{3}}, {{"--stopped-retention=90m"}, std::chrono::minutes{90}}};
  for (const auto& [given, kept] : rows) {
    CLI::App app;
    StateFlags state;
    state.add_to(app);
    auto words = given;
    app.parse(words);
    EXPECT_EQ(state.options("eu-west-1").ingest.final_kept, kept);
  }
}

TEST(Durations, HaveBounds) {
  const auto check = is_duration(std::chrono::seconds{10}, std::chrono::days{7});
  const std::tuple<const char*, const char*> rows[] = {
      {"10s", ""},
      {"7d", ""},
      {"0s", "'0s' is not from 10s to 7d"},
      {"9999ms", "'9999ms' is not from 10s to 7d"},
      {"8d", "'8d' is not from 10s to 7d"},
      {"100000d", "'100000d' is too long"},
      {"5 parsecs", "'5 parsecs' is not a duration"},
  };
  for (const auto& [text, problem] : rows) {
    EXPECT_THAT(check(text), StartsWith(problem)) << text;
    EXPECT_EQ(check(text).empty(), *problem == '\0') << text;
  }
}

TEST_F(FlagsTest, NamesWhatIsNoCommand) {
  EXPECT_TRUE(check_command(root, {"serve", "nonsense"}));
  EXPECT_TRUE(check_command(root, {"serve", "--help"}));
  EXPECT_TRUE(check_command(root, {}));
  EXPECT_TRUE(check_command(root, {"--version"}));
  const auto refused = check_command(root, {"nonsense"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              StartsWith("'nonsense' is not a command of blox; there are: "));
}

TEST_F(FlagsTest, SaysWhichCommandsAndFlagsThereAre) {
  CLI::App app{"test"};
  auto* group = app.add_subcommand("tasks", "");
  auto* list = group->add_subcommand("list", "");
  group->add_subcommand("get", "");
  std::string status;
  bool shows_all = true;
  list->add_option("--status", status);
  list->add_flag("--wide,!--narrow", shows_all);
  const auto said = [&](const std::vector<std::string>& arguments) {
    const auto checked = check_command(app, arguments);
    return checked ? std::string{} : checked.error().message;
  };
  EXPECT_EQ(said({"tasks"}), "blox tasks takes a command: list, get");
  EXPECT_EQ(said({"tasks", "lst"}), "'lst' is not a command of blox tasks; there are: list, get");
  EXPECT_EQ(said({"tasks", "list", "--statu", "x"}), "'--statu' is not a flag of blox tasks list");
  EXPECT_EQ(said({"tasks", "list", "x", "--statu=x"}),
            "'--statu' is not a flag of blox tasks list");
  for (const auto& good :
       std::vector<std::vector<std::string>>{{"tasks", "--help"},
                                             {"tasks", "list"},
                                             {"tasks", "list", "--help"},
                                             {"tasks", "list", "--status", "x", "--narrow"},
                                             {"tasks", "list", "--status=--x"},
                                             {"tasks", "list", "--", "--statu"}}) {
    EXPECT_EQ(said(good), "");
  }
}

}  // namespace
}  // namespace blox::apps
