#include "scheduler/environments/validation.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace blox::scheduler {
namespace {

constexpr int kCountMax = 100'000;
constexpr Duration kDrainDeadlineMax = std::chrono::days{7};
constexpr Duration kMinHealthyMax = std::chrono::hours{1};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_name_letter(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '-' || letter == '_';
}

}  // namespace

Result<EnvironmentName> parse_environment_name(std::string_view text) {
  if (text.empty() || text.size() > 30 || !std::ranges::all_of(text, is_name_letter)) {
    return fail(ErrorKind::kInvalid,
                "name is " + quote(text) + "; allowed are 1 to 30 letters, digits, '-' and '_'");
  }
  return EnvironmentName{std::string{text}};
}

Result<MaxUnavailable> parse_max_unavailable(std::string_view text) {
  MaxUnavailable parsed;
  parsed.is_percent = text.ends_with('%');
  const std::string_view digits = parsed.is_percent ? text.substr(0, text.size() - 1) : text;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed.amount);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || parsed.amount < 1 || parsed.amount > (parsed.is_percent ? 100 : kCountMax)) {
    return fail(ErrorKind::kInvalid, "maxUnavailable is " + quote(text) +
                                         "; allowed are an integer from 1 to 100000, or a percent "
                                         "from \"1%\" to \"100%\"");
  }
  return parsed;
}

std::string format_max_unavailable(const MaxUnavailable& max_unavailable) {
  return std::to_string(max_unavailable.amount) + (max_unavailable.is_percent ? "%" : "");
}

Result<Duration> parse_drain_deadline(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration < Duration::zero() || *duration > kDrainDeadlineMax) {
    return fail(ErrorKind::kInvalid,
                "drainDeadline is " + quote(text) +
                    "; allowed is a duration from \"0s\" to \"7d\", such as \"15m\"");
  }
  return *duration;
}

Result<Duration> parse_min_healthy(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration < Duration::zero() || *duration > kMinHealthyMax) {
    return fail(ErrorKind::kInvalid,
                "minHealthy is " + quote(text) +
                    "; allowed is a duration from \"0s\" to \"1h\", such as \"10s\"");
  }
  return *duration;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t place = 0; place < text.size(); ++place) {
    const char letter = text[place];
    const bool dash = place == 8 || place == 13 || place == 18 || place == 23;
    const bool hex =
        is_digit(letter) || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
    if (dash ? letter != '-' : !hex) return false;
  }
  return true;
}

}  // namespace blox::scheduler
