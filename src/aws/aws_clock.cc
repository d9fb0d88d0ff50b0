#include "aws/aws_clock.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "http/message.h"

namespace blox::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A difference that people should hear of: signatures are refused from five minutes on.
constexpr Duration kWorthTelling = seconds{10};

// "Sun, 06 Nov 1994 08:49:37 GMT" as RFC 3339, which one parser of ours reads. None for what is no
// such date, or of a year that AWS has not, and of which nanoseconds may not even hold the time.
// Source: RFC 9110, 5.6.7, "IMF-fixdate".
std::optional<WallTime> parse_http_date(std::string_view date) {
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (date.size() != kForm.size() || !date.ends_with(" GMT")) return std::nullopt;
  const std::string_view year = date.substr(12, 4);
  if (year < "1970" || year > "2200") return std::nullopt;
  const auto month = std::ranges::find(kMonths, date.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const std::string number = std::to_string(101 + (month - kMonths.begin())).substr(1);
  const std::string text = std::string{year} + "-" + number + "-" + std::string{date.substr(5, 2)} +
                           "T" + std::string{date.substr(17, 8)} + "Z";
  const auto time = parse_time(text);
  return time ? std::optional{*time} : std::nullopt;
}

}  // namespace

WallTime AwsClock::wall_now() const {
  const Duration::rep at_boot = at_boot_;
  if (at_boot == kUnknown) return real_.wall_now();
  return WallTime{
      std::chrono::floor<milliseconds>(Duration{at_boot} + real_.now().time_since_epoch())};
}

void AwsClock::note(TimePoint sent_at, std::string_view date) {
  const TimePoint now = real_.now();
  const bool was_told = at_boot_ != kUnknown;
  const Duration own = real_.wall_now().time_since_epoch() - now.time_since_epoch();
  Duration at_boot = was_told ? Duration{at_boot_} : own;
  const auto told = parse_http_date(date);
  if (told) {
    // It was so at some moment between the two.
    const Duration since_1970 = told->time_since_epoch();
    const Duration earliest = since_1970 - now.time_since_epoch();
    const Duration latest = since_1970 + seconds{1} - sent_at.time_since_epoch();
    at_boot = std::clamp(at_boot, earliest, latest);
    narrow(earliest, latest);
  }
  known_ = known_ || !told || latest_ - earliest_ <= kErrorMax;
  at_boot_ = at_boot.count();
  const Duration ahead = own - at_boot;
  if (was_told || std::chrono::abs(ahead) < kWorthTelling) return;
  log::warn("aws", "the clock of this machine is {} {} that of AWS, by which Blox goes",
            format_duration(std::chrono::round<seconds>(std::chrono::abs(ahead))),
            ahead > Duration::zero() ? "ahead of" : "behind");
}

// Clocks drift, and may be set: of answers that cannot all be true the last one is.
void AwsClock::narrow(Duration earliest, Duration latest) {
  const bool agree = earliest <= latest_ && earliest_ <= latest;
  earliest_ = agree ? std::max(earliest_, earliest) : earliest;
  latest_ = agree ? std::min(latest_, latest) : latest;
}

Async<Result<http::Answer>> DatedTransport::send(http::OutgoingRequest request) {
  const TimePoint sent_at = clock_.now();
  auto answer = co_await real_.send(std::move(request));
  // Others answer as well where AWS does not: a proxy with a date of its own.
  const bool is_its_own =
      answer && (answer->status == 200 || http::find_header(answer->headers, "x-amzn-requestid"));
  if (is_its_own) clock_.note(sent_at, http::find_header(answer->headers, "date").value_or(""));
  co_return answer;
}

Async<Result<std::unique_ptr<http::LineStream>>> DatedTransport::open_lines(
    http::OutgoingRequest request, Duration idle_max) {
  co_return co_await real_.open_lines(std::move(request), idle_max);
}

}  // namespace blox::aws
