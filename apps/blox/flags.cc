#include "blox/flags.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace blox::apps {
namespace {

std::string variable_of(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::string{} : std::string{value};
}

// The command that `arguments` choose, as deep as they go.
const CLI::App* chosen(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* command = &root;
  for (const auto& argument : arguments) {
    const auto below = command->get_subcommands([](const CLI::App*) { return true; });
    const auto found =
        std::ranges::find(below, argument, [](const CLI::App* app) { return app->get_name(); });
    if (found != below.end()) command = *found;
  }
  return command;
}

bool is_given(const std::vector<std::string>& arguments, const CLI::Option& option) {
  return std::ranges::any_of(arguments, [&](const std::string& argument) {
    return std::ranges::any_of(option.get_lnames(), [&](const std::string& name) {
      return argument == "--" + name || argument.starts_with("--" + name + "=");
    });
  });
}

}  // namespace

void add_config(CLI::App& app) {
  app.set_config("--config", "", "Read flags from this file (lines of: name = value)")
      ->envname("BLOX_CONFIG");
}

std::vector<std::string> with_environment(const CLI::App& root,
                                          std::vector<std::string> arguments) {
  const CLI::App* command = chosen(root, arguments);
  for (const CLI::Option* option : command->get_options()) {
    const std::string name = option->get_envname();
    if (name.empty() || option->get_lnames().empty() || is_given(arguments, *option)) continue;
    const std::string value = variable_of(name);
    if (!value.empty()) arguments.push_back("--" + option->get_lnames().front() + "=" + value);
  }
  return arguments;
}

Status configure_log(const std::string& prefix, log::Level level_default) {
  log::Level level = level_default;
  if (const std::string text = variable_of(prefix + "_LOG_LEVEL"); !text.empty()) {
    const auto parsed = log::parse_level(text);
    if (!parsed) return parsed.error_in(prefix + "_LOG_LEVEL");
    level = *parsed;
  }
  return log::configure(level, variable_of(prefix + "_LOG_FILE"));
}

CLI::Validator is_duration() {
  return CLI::Validator{[](std::string& text) {
                          const auto parsed = parse_duration(text);
                          return parsed ? std::string{} : parsed.error().message;
                        },
                        "DURATION"};
}

Duration to_duration(const std::string& text) { return parse_duration(text).value(); }

int fail_with(const std::string& message) {
  std::cerr << "blox: " << message << "\n";
  return 1;
}

}  // namespace blox::apps
