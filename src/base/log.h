// Log lines for operators: time, level, part, sentence. Written by spdlog (log.cc).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::log {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };

/// Parses "trace", "debug", "info", "warn" ("warning"), "error" ("critical"), "off", in any case.
/// Errors: kInvalid.
Result<Level> parse_level(std::string_view text);

/// Sets where lines go: the file at `path`, appended to, or stderr when it is empty.
/// Requires: called before other threads log. Errors: kInvalid when the file cannot be opened.
Status configure(Level level, const std::string& path);

/// True when lines of `level` are written. The default level is kWarn, so that tests are quiet.
bool is_on(Level level);

/// Writes one line, with control bytes escaped, so that what comes from outside cannot look like a
/// line of ours. `part` is the folder it comes from: "ingest". Threading: any thread.
void write(Level level, std::string_view part, std::string_view line);

template <class... Args>
void debug(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (is_on(Level::kDebug)) {
    write(Level::kDebug, part, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void info(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (is_on(Level::kInfo)) {
    write(Level::kInfo, part, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void warn(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (is_on(Level::kWarn)) {
    write(Level::kWarn, part, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void error(std::string_view part, fmt::format_string<Args...> format, Args&&... args) {
  if (is_on(Level::kError)) {
    write(Level::kError, part, fmt::format(format, std::forward<Args>(args)...));
  }
}

}  // namespace blox::log
