// What an environment may be made of: names, budgets and deadlines, as users write them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "scheduler/environments/records.h"

namespace blox::scheduler {

/// 1 to 30 letters, digits, '-' and '_'. Source: the v0.3 contract. Errors: kInvalid.
Result<EnvironmentName> parse_environment_name(std::string_view text);

/// A count from 1 to 100000 ("3"), or a percent from 1% to 100% ("10%"). Errors: kInvalid.
Result<MaxUnavailable> parse_max_unavailable(std::string_view text);
/// What parse_max_unavailable reads back.
std::string format_max_unavailable(const MaxUnavailable& max_unavailable);

/// A duration from 0s to 7d. Errors: kInvalid.
Result<Duration> parse_drain_deadline(std::string_view text);
/// "0s" to "1h". Errors: kInvalid, a whole sentence.
Result<Duration> parse_min_healthy(std::string_view text);

/// True for 8-4-4-4-12 hexadecimal digits in any case.
bool is_uuid(std::string_view text);

}  // namespace blox::scheduler
