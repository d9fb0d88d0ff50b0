// What all modes of the program share about flags: each can also come from the environment
// (BLOX_…) and from a file (--config); flag beats environment beats file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace blox::apps {

/// Adds `--name`, with its default in the help.
template <class T>
CLI::Option* add_flag(CLI::App& app, const std::string& name, T& value, const std::string& help) {
  return app.add_option(name, value, help)->capture_default_str();
}

/// Gives `root` and each command below it --version, which prints `text`: the programs of v0.3 took
/// it, and are commands here. It has no variable, and no file may name it.
void add_version(CLI::App& root, const std::string& text);

/// Gives each flag of each command its variable ("--css-bind": BLOX_CSS_BIND), and each command
/// `--config FILE`: lines `name = value`, named like the flags without dashes in front.
/// Call it once all commands are there; so no command can forget it.
void add_sources(CLI::App& root);

/// Takes their variables from all commands but the chosen one. CLI11 would hold the values against
/// the flags of commands that do not run, and refuse to start this one.
void forget_other_sources(CLI::App& root, const std::vector<std::string>& arguments);

/// `arguments` with what BLOX_… variables say put behind, for flags of the chosen command that do
/// not stand there. Of a flag that may be repeated the variable holds all values, with commas in
/// between. CLI11 by itself lets the file beat the environment.
std::vector<std::string> with_environment(const CLI::App& root, std::vector<std::string> arguments);

/// `arguments` with what the file of --config says put behind, for flags that do not stand there.
/// CLI11 by itself reads files for the root alone. Errors: kInvalid: the file cannot be read, or
/// names what is no flag of any command.
Result<std::vector<std::string>> with_file(const CLI::App& root,
                                           std::vector<std::string> arguments);

/// kInvalid when an argument is meant as a command and is none, one is missing, or the command has
/// no flag of a name: with what there is.
Status check_command(const CLI::App& root, const std::vector<std::string>& arguments);

/// Checks for CLI11 that the text is a duration ("10s") from `least` to `most`, and says what is
/// allowed if not.
CLI::Validator is_duration(Duration least, Duration most);

/// Requires: is_duration accepted it.
Duration to_duration(const std::string& text);

/// Prints "blox: <message>" on stderr. Returns 1, the exit status for what failed at run time.
int fail_with(const std::string& message);

}  // namespace blox::apps
