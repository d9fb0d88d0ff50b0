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

// What `--name VALUE` or `--name=VALUE` says last; empty if it is not there.
std::string value_of(const std::vector<std::string>& arguments, const std::string& name) {
  std::string value;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == name && i + 1 < arguments.size()) value = arguments[i + 1];
    if (arguments[i].starts_with(name + "=")) value = arguments[i].substr(name.size() + 1);
  }
  return value;
}

Result<std::vector<CLI::ConfigItem>> read_file(const std::string& path) {
  try {
    return CLI::ConfigINI{}.from_file(path);
  } catch (const CLI::Error& problem) {
    return fail(ErrorKind::kInvalid, "--config '" + path + "': " + problem.what());
  }
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  const auto options = command.get_options([&](const CLI::Option* option) {
    const auto& names = option->get_lnames();
    return name != "config" && name != "help" && std::ranges::find(names, name) != names.end();
  });
  return options.empty() ? nullptr : options.front();
}

}  // namespace

void add_config(CLI::App& app) {
  app.add_option("--config", "Read flags from this file (lines of: name = value)")
      ->envname("BLOX_CONFIG")
      ->type_name("FILE");
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

Result<std::vector<std::string>> with_file(const CLI::App& root,
                                           std::vector<std::string> arguments) {
  const std::string path = value_of(arguments, "--config");
  if (path.empty()) return arguments;
  const auto items = read_file(path);
  if (!items) return std::unexpected(items.error());
  const CLI::App* command = chosen(root, arguments);
  const std::vector<std::string> given = arguments;
  for (const CLI::ConfigItem& item : *items) {
    if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of sections.
    const CLI::Option* option = find_option(*command, item.name);
    if (option == nullptr || !item.parents.empty()) {
      return fail(ErrorKind::kInvalid, "--config '" + path + "': '" + item.fullname() +
                                           "' is not a flag of blox " + command->get_name());
    }
    if (is_given(given, *option)) continue;
    for (const std::string& value : item.inputs) {
      arguments.push_back("--" + item.name + "=" + value);
    }
  }
  return arguments;
}

Status check_command(const CLI::App& root, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return done();
  if (chosen(root, {arguments.front()}) != &root) return done();
  return fail(ErrorKind::kInvalid, "'" + arguments.front() + "' is not a command");
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
