#include "base/log.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/repeat_filter.h"
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

// What all lines go through: counts repeated ones, and can be given another end while others write.
// Its base class has the lock.
class Outlet final : public spdlog::sinks::dist_sink_mt {
 public:
  void lead_to(spdlog::sink_ptr end) {
    end->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %-5l %v",
                                                                   spdlog::pattern_time_type::utc));
    set_sinks({std::move(end)});
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(message.time);
    for (const auto& held : filter_.take_due(now)) {
      const std::string line = fmt::format("{} (this {} more times)", held.line, held.count);
      spdlog::details::log_msg told = message;
      told.level = static_cast<spdlog::level::level_enum>(held.level);
      told.payload = line;
      Base::sink_it_(told);
    }
    const std::string_view line{message.payload.data(), message.payload.size()};
    if (message.level >= spdlog::level::warn && !filter_.take(message.level, line, now)) return;
    Base::sink_it_(message);
  }

 private:
  using Base = spdlog::sinks::dist_sink_mt;
  RepeatFilter filter_;
};

// Made for its owner alone, as a log says much of what runs where. Of what is there already whoever
// made it has decided.
void make_private(const spdlog::filename_t& path) {
  std::error_code ignored;  // What is wrong shows when it is opened.
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), ignored);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
}

Result<spdlog::sink_ptr> open_end(const File& file) {
  if (file.path.empty()) return std::make_shared<spdlog::sinks::stderr_sink_st>();
  spdlog::file_event_handlers handlers;
  handlers.before_open = &make_private;
  handlers.after_open = [](const spdlog::filename_t&, std::FILE* opened) {
    fcntl(fileno(opened), F_SETFD, FD_CLOEXEC);  // No program that is started needs it.
  };
  std::error_code ignored;
  const bool is_plain = !std::filesystem::exists(file.path, ignored) ||
                        std::filesystem::is_regular_file(file.path, ignored);
  try {
    if (file.bytes_max == 0 || !is_plain) {
      return std::make_shared<spdlog::sinks::basic_file_sink_st>(file.path, false, handlers);
    }
    return std::make_shared<spdlog::sinks::rotating_file_sink_st>(
        file.path, file.bytes_max, file.old_count, /*rotate_on_open=*/false, handlers);
  } catch (const spdlog::spdlog_ex& problem) {
    return fail(ErrorKind::kInvalid, "log file '" + file.path + "': " + problem.what());
  }
}

struct Log {
  Log() : outlet(std::make_shared<Outlet>()), logger("blox", outlet) {
    outlet->lead_to(std::make_shared<spdlog::sinks::stderr_sink_st>());
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::info);
  }
  std::shared_ptr<Outlet> outlet;
  spdlog::logger logger;
  File file;
};

Log& the_log() {
  static Log log;
  return log;
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

Status configure(Level level, File file) {
  auto end = open_end(file);
  if (!end) return std::unexpected<Error>(std::move(end.error()));
  the_log().outlet->lead_to(*std::move(end));
  the_log().file = std::move(file);
  level_on = level;
  return done();
}

Status reopen() { return configure(level_on, the_log().file); }

bool is_on(Level level) { return level >= level_on.load(std::memory_order_relaxed); }

void write(Level level, std::string_view part, std::string_view line) {
  if (is_on(level)) the_log().logger.log(to_spdlog(level), "{}: {}", part, escape_control(line));
}

}  // namespace blox::log
