#include "base/time.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/text.h"

namespace blox {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Reads exactly `count` digits at the front of `text` and takes them off.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (const char digit : text.substr(0, count)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

milliseconds take_fraction(std::string_view& text) {
  milliseconds fraction{0};
  int weight = 100;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    fraction += milliseconds{(text.front() - '0') * weight};
    weight /= 10;
    text.remove_prefix(1);
  }
  return fraction;
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return minutes{0};
  const int sign = take(text, '+') ? 1 : (take(text, '-') ? -1 : 0);
  if (sign == 0) return std::nullopt;
  const auto hour = take_digits(text, 2);
  const bool colon = take(text, ':');
  const auto minute = take_digits(text, 2);
  if (!hour || !minute || !colon || *hour > 23 || *minute > 59) return std::nullopt;
  return sign * minutes{*hour * 60 + *minute};
}

constexpr WallTime kFirstTime{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
constexpr WallTime kEndOfTimes{std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}};

std::optional<WallTime> read_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  milliseconds fraction{0};
  if (take(text, '.')) {
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    fraction = take_fraction(text);
  }
  const auto offset = take_offset(text);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  // 60 is a leap second, which counts as the first second of the next minute.
  if (!offset || !text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const WallTime time = WallTime{std::chrono::sys_days{date}} + hours{*hour} + minutes{*minute} +
                        seconds{*second} + fraction - *offset;
  // An offset or a leap second may lead out of the years that four digits can write.
  if (time < kFirstTime || time >= kEndOfTimes) return std::nullopt;
  return time;
}

constexpr Duration kDurationMax = days{3'650};

struct Unit {
  std::string_view name;
  Duration size;
};
constexpr Unit kUnits[] = {
    {"d", days{1}}, {"h", hours{1}}, {"m", minutes{1}}, {"s", seconds{1}}, {"ms", milliseconds{1}}};

}  // namespace

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<WallTime> parse_time(std::string_view text) {
  const auto time = read_time(text);
  if (!time) {
    return fail(ErrorKind::kInvalid,
                quote(text) + " is not a time in RFC 3339 such as 2026-08-20T10:00:03Z");
  }
  return *time;
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const bool is_large = error == std::errc::result_out_of_range;
  for (const auto& [name, size] : kUnits) {
    if (unit != name || (error != std::errc{} && !is_large) || text.front() == '-') continue;
    if (!is_large && count <= kDurationMax / size) return count * size;
    return fail(ErrorKind::kInvalid,
                quote(text) + " is too long: at most " + format_duration(kDurationMax));
  }
  return fail(ErrorKind::kInvalid, quote(text) +
                                       " is not a duration: a whole number and one of ms, s, m, "
                                       "h, d, such as 250ms, 10s or 15m");
}

std::string format_duration(Duration duration) {
  for (const auto& [name, size] : kUnits) {
    if (duration >= size && duration % size == Duration::zero()) {
      return fmt::format("{}{}", duration / size, name);
    }
  }
  return fmt::format("{}ms", std::chrono::duration_cast<milliseconds>(duration).count());
}

}  // namespace blox
