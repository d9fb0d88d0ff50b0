#include "blox/flags.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

#include "base/text.h"

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

// "list, get"; empty: it takes no commands.
std::string names_below(const CLI::App& command) {
  std::string names;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    names += (names.empty() ? "" : ", ") + below->get_name();
  }
  return names;
}

// CLI11 names them last first, and with what stands behind them.
Status check_flags(const CLI::App& command, const std::string& path,
                   const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const std::string name = argument.substr(0, argument.find('='));
    if (command.get_option_no_throw(name) != nullptr) continue;
    return fail(ErrorKind::kInvalid, quote(name) + " is not a flag of " + path);
  }
  return done();
}

Result<std::vector<CLI::ConfigItem>> read_file(const std::string& path) {
  const auto refuse = [&path](const std::string& why) {
    return fail(ErrorKind::kInvalid, "--config '" + path + "': " + why);
  };
  static const std::string kAllowed = "; it takes a file with lines of: name = value";
  std::error_code ignored;  // What is wrong shows when it is opened.
  if (std::filesystem::is_directory(path, ignored)) return refuse("is a directory" + kAllowed);
  std::ifstream file{path};
  if (!file) return refuse(std::strerror(errno) + kAllowed);
  try {
    auto items = CLI::ConfigINI{}.from_config(file);
    // CLI11 takes a file that breaks off for one that ends.
    if (file.bad()) return refuse("cannot be read to its end");
    return items;
  } catch (const CLI::Error& problem) {
    return refuse(problem.what());
  }
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  const auto options = command.get_options([&](const CLI::Option* option) {
    const auto& names = option->get_lnames();
    const bool is_own = name == "config" || name == "help" || name == "version";
    return !is_own && std::ranges::find(names, name) != names.end();
  });
  return options.empty() ? nullptr : options.front();
}

// True if some command below `app` has it.
bool is_flag_of_any(const CLI::App& app, const std::string& name) {
  const auto below = app.get_subcommands([](const CLI::App*) { return true; });
  return find_option(app, name) != nullptr ||
         std::ranges::any_of(
             below, [&](const CLI::App* command) { return is_flag_of_any(*command, name); });
}

bool is_repeatable(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

std::string variable_for(const std::string& flag) {
  std::string variable = "BLOX_";
  for (const char letter : flag) {
    variable.push_back(letter == '-' ? '_' : static_cast<char>(std::toupper(letter)));
  }
  return variable;
}

void add_sources_of(CLI::App& command) {
  command.add_option("--config", "Read flags from this file (lines of: name = value)")
      ->type_name("FILE");
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option == command.get_help_ptr() ||
        option == command.get_version_ptr()) {
      continue;
    }
    option->envname(variable_for(option->get_lnames().front()));
    if (!is_repeatable(*option)) continue;
    option->description(option->get_description() + "; in the variable with commas in between");
  }
}

// Without empty parts.
std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream rest{text};
  for (std::string part; std::getline(rest, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace

void add_version(CLI::App& root, const std::string& text) {
  root.set_version_flag("--version", text);
  for (CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    add_version(*command, text);
  }
}

void add_sources(CLI::App& root) {
  const auto below = root.get_subcommands([](const CLI::App*) { return true; });
  for (CLI::App* command : below) {
    if (command->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      add_sources_of(*command);
    } else {
      add_sources(*command);
    }
  }
}

void forget_other_sources(CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* command = chosen(root, arguments);
  std::vector<CLI::App*> waiting{&root};
  while (!waiting.empty()) {
    CLI::App* app = waiting.back();
    waiting.pop_back();
    std::ranges::copy(app->get_subcommands([](const CLI::App*) { return true; }),
                      std::back_inserter(waiting));
    if (app == command) continue;
    for (CLI::Option* option : app->get_options()) option->envname("");
  }
}

std::vector<std::string> with_environment(const CLI::App& root,
                                          std::vector<std::string> arguments) {
  const CLI::App* command = chosen(root, arguments);
  for (const CLI::Option* option : command->get_options()) {
    const std::string name = option->get_envname();
    if (name.empty() || option->get_lnames().empty() || is_given(arguments, *option)) continue;
    const std::string value = variable_of(name);
    if (value.empty()) continue;
    const auto parts = is_repeatable(*option) ? split_at_commas(value) : std::vector{value};
    for (const auto& part : parts) {
      arguments.push_back("--" + option->get_lnames().front() + "=" + part);
    }
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
    // One file may serve all commands of a machine: what is another's is not meant for this one.
    const bool is_others = option == nullptr && is_flag_of_any(root, item.name);
    if (!item.parents.empty() || (option == nullptr && !is_others)) {
      return fail(ErrorKind::kInvalid,
                  "--config '" + path + "': '" + item.fullname() + "' is not a flag of blox");
    }
    if (is_others) continue;
    if (is_given(given, *option)) continue;
    for (const std::string& value : item.inputs) {
      arguments.push_back("--" + item.name + "=" + value);
    }
  }
  return arguments;
}

Status check_command(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* command = &root;
  std::string path = "blox";
  std::size_t at = 0;
  for (std::string names = names_below(root); !names.empty(); names = names_below(*command), ++at) {
    if (at == arguments.size()) {
      // Without any argument CLI11 says it.
      return at == 0 ? done() : fail(ErrorKind::kInvalid, path + " takes a command: " + names);
    }
    if (arguments[at].starts_with('-')) return done();
    const CLI::App* const next = chosen(*command, {arguments[at]});
    if (next == command) {
      return fail(ErrorKind::kInvalid,
                  quote(arguments[at]) + " is not a command of " + path + "; there are: " + names);
    }
    command = next;
    path += " " + arguments[at];
  }
  return check_flags(*command, path, {arguments.begin() + at, arguments.end()});
}

CLI::Validator is_duration(Duration least, Duration most) {
  const auto check = [least, most](std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) return parsed.error().message;
    if (*parsed >= least && *parsed <= most) return std::string{};
    return "'" + text + "' is not from " + format_duration(least) + " to " + format_duration(most);
  };
  return CLI::Validator{check, "DURATION"};
}

Duration to_duration(const std::string& text) { return parse_duration(text).value(); }

int fail_with(const std::string& message) {
  std::cerr << "blox: " << message << "\n";
  return 1;
}

}  // namespace blox::apps
