#include "base/log.h"

#include <fcntl.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/text.h"

namespace blox::log {
namespace {

std::atomic<Level> level_on{Level::kWarn};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::kTrace: return spdlog::level::trace;
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: return spdlog::level::off;
  }
  return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> make_logger(std::shared_ptr<spdlog::sinks::sink> sink) {
  auto made = std::make_shared<spdlog::logger>("blox", std::move(sink));
  made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v", spdlog::pattern_time_type::utc);
  made->set_level(spdlog::level::trace);
  made->flush_on(spdlog::level::info);
  return made;
}

std::shared_ptr<spdlog::logger>& logger() {
  static auto instance = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return instance;
}

}  // namespace

Result<Level> parse_level(std::string_view text) {
  static constexpr std::pair<std::string_view, Level> kNames[] = {
      {"trace", Level::kTrace},  {"debug", Level::kDebug},    {"info", Level::kInfo},
      {"warn", Level::kWarn},    {"error", Level::kError},    {"off", Level::kOff},
      {"warning", Level::kWarn}, {"critical", Level::kError},
  };
  std::string lower;
  for (const char letter : text) {
    lower.push_back(letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a')
                                                   : letter);
  }
  for (const auto& [name, level] : kNames) {
    if (lower == name) return level;
  }
  return fail(ErrorKind::kInvalid,
              "log level " + quote(text) + " is not one of trace, debug, info, warn, error, off");
}

Status configure(Level level, const std::string& path) {
  if (path.empty()) {
    logger() = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  } else {
    try {
      spdlog::file_event_handlers handlers;
      handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
        fcntl(fileno(file), F_SETFD, FD_CLOEXEC);  // No program that is started needs it.
      };
      logger() = make_logger(
          std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, /*truncate=*/false, handlers));
    } catch (const spdlog::spdlog_ex& problem) {
      return fail(ErrorKind::kInvalid, "log file '" + path + "': " + problem.what());
    }
  }
  level_on = level;
  return done();
}

bool is_on(Level level) { return level >= level_on.load(std::memory_order_relaxed); }

void write(Level level, std::string_view part, std::string_view line) {
  if (is_on(level)) logger()->log(to_spdlog(level), "{}: {}", part, escape_control(line));
}

}  // namespace blox::log
