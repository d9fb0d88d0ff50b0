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

/// A file that lines are appended to. One that is made is for its owner alone (0600).
struct File {
  std::string path;  ///< Empty: stderr, without bounds.
  /// Above it the file becomes NAME.1.EXT, that one NAME.2.EXT and so on; 0: never. What is no
  /// plain file (a pipe, a terminal) stays where it is.
  std::size_t bytes_max = 0;
  std::size_t old_count = 1;  ///< So many of those are kept, >= 1.
};

/// Sets where lines go. Threading: one thread; others may log meanwhile. Errors: kInvalid when the
/// file cannot be opened; lines then go where they went before.
Status configure(Level level, File file);
inline Status configure(Level level, const std::string& path) {
  return configure(level, File{.path = path});
}

/// Opens the file of the last configure anew, as it may have been moved away meanwhile. Threading
/// and Errors: as configure.
Status reopen();

/// True when lines of `level` are written. The default level is kWarn, so that tests are quiet.
bool is_on(Level level);

/// Writes one line, with control bytes escaped, so that what comes from outside cannot look like a
/// line of ours. `part` is the folder it comes from: "ingest". A warning or an error that is the
/// same to the letter is written once a minute, with how often it came: RepeatFilter. Threading:
/// any thread.
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
