// Two accounts of one object at one version: what an event said and what Describe says. They differ
// in form (times, order, empty lists) and sometimes in truth (attributes have no events).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::codec {

/// Lays the fields of `described` over `held`, both JSON objects. Fields that Describe leaves out
/// or has as null stay. Shape: the joined object, or none when nothing but the form differs.
/// Errors: kInvalid (one is not a JSON object).
Result<std::optional<std::string>> overlay_detail(std::string_view held,
                                                  std::string_view described);

/// True when both mean the same: times as times, lists of named things in any order, a field that
/// is null or an empty list like one that is absent. Text that is not JSON equals only itself.
bool is_same_json(std::string_view one, std::string_view other);

}  // namespace blox::codec
