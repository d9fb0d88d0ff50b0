// What all modes of the program share about flags: each can also come from the environment
// (BLOX_…) and from a file (--config); flag beats environment beats file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace blox::apps {

/// Adds `--name`, set by BLOX_NAME as well ("--css-bind": BLOX_CSS_BIND).
template <class T>
CLI::Option* add_flag(CLI::App& app, const std::string& name, T& value, const std::string& help) {
  std::string variable = "BLOX_";
  for (const char letter : name.substr(2)) {
    variable.push_back(letter == '-' ? '_' : static_cast<char>(std::toupper(letter)));
  }
  return app.add_option(name, value, help)->envname(variable)->capture_default_str();
}

/// `--config FILE`: lines `name = value`, named like the flags without dashes in front.
void add_config(CLI::App& app);

/// `arguments` with what BLOX_… variables say put behind, for flags of the chosen command that do
/// not stand there. CLI11 by itself lets the file beat the environment.
std::vector<std::string> with_environment(const CLI::App& root, std::vector<std::string> arguments);

/// `arguments` with what the file of --config says put behind, for flags that do not stand there.
/// CLI11 by itself reads files for the root alone. Errors: kInvalid: the file cannot be read, or
/// names what is no flag of the chosen command.
Result<std::vector<std::string>> with_file(const CLI::App& root,
                                           std::vector<std::string> arguments);

/// kInvalid when the first argument is meant as a command and is none of `root`.
Status check_command(const CLI::App& root, const std::vector<std::string>& arguments);

/// Sets the log by level and file, from CSS_LOG_LEVEL, CSS_LOG_FILE or DS_LOG_LEVEL, DS_LOG_FILE
/// (`prefix` "CSS" or "DS"), else `level_default`. Errors: kInvalid.
Status configure_log(const std::string& prefix, log::Level level_default);

/// Checks that the text is a duration ("10s") for CLI11, and says what is allowed if not.
CLI::Validator is_duration();

/// Requires: is_duration accepted it.
Duration to_duration(const std::string& text);

/// Prints "blox: <message>" on stderr. Returns 1, the exit status for what failed at run time.
int fail_with(const std::string& message);

}  // namespace blox::apps
