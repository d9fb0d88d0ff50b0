#include "blox/log_flags.h"

#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "blox/byte_size.h"
#include "blox/flags.h"

namespace blox::apps {
namespace {

constexpr std::uint64_t kBytesLeast = std::uint64_t{64} << 10;
constexpr std::size_t kOldCountMost = 1'000;

// The value of <PREFIX><suffix> for the first prefix that has one, and that variable's name.
std::pair<std::string, std::string> first_variable(const std::vector<std::string>& prefixes,
                                                   const std::string& suffix) {
  for (const auto& prefix : prefixes) {
    std::string name = prefix + suffix;
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') return {value, std::move(name)};
  }
  return {};
}

CLI::Validator is_log_size() {
  const CLI::Validator sizes = is_byte_size(kBytesLeast);
  const auto check = [sizes](std::string& text) {
    return text == "0" ? std::string{} : sizes(text);
  };
  return CLI::Validator{check, "SIZE"};
}

}  // namespace

void LogFlags::add_to(CLI::App& app) {
  add_flag(app, "--log-max-size", bytes_max,
           "Above it the log file is moved to NAME.1.EXT, that one to NAME.2.EXT and so on, and "
           "begun anew; 0: never, as for a logrotate of your own, which sends SIGHUP")
      ->check(is_log_size());
  add_flag(app, "--log-old-files", old_count, "How many of those are kept")
      ->check(CLI::Range(std::size_t{1}, kOldCountMost));
}

Status LogFlags::configure(const std::vector<std::string>& prefixes) const {
  log::Level level = log::Level::kInfo;
  if (const auto [text, name] = first_variable(prefixes, "_LOG_LEVEL"); !text.empty()) {
    const auto parsed = log::parse_level(text);
    if (!parsed) return parsed.error_in(name);
    level = *parsed;
  }
  log::File file;
  const auto [path, name] = first_variable(prefixes, "_LOG_FILE");
  file.path = path;
  file.bytes_max = to_bytes(bytes_max);
  file.old_count = old_count;
  const Status configured = log::configure(level, std::move(file));
  if (!configured) return configured.error_in(name);
  return done();
}

std::string log_help(const std::vector<std::string>& prefixes) {
  const auto join = [&](const std::string& suffix) {
    std::string names;
    for (const auto& prefix : prefixes) {
      names += (names.empty() ? "" : ", else ") + prefix + suffix;
    }
    return names;
  };
  return "\nLog: " + join("_LOG_LEVEL") + " (debug, info, warn, error); " + join("_LOG_FILE") +
         " (default: stderr), which SIGHUP opens anew";
}

void reopen_log_at_hangup(IoLoop& loop, IoLoop::Job more) {
  loop.on_hangup([more = std::move(more)]() mutable {
    if (const auto reopened = log::reopen(); !reopened) {
      log::error("blox", "SIGHUP: {}; the log goes on where it was", reopened.error().message);
    } else {
      log::info("blox", "SIGHUP: the log was opened anew");
    }
    if (more) more();
  });
}

}  // namespace blox::apps
