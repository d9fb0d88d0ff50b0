// The one form of a request's target that guards, router and handlers see.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::http {

/// `target` as a path with an optional query: "/v1/tasks?x=y" stays as it is, and
/// "http://host/v1/tasks?x=y" loses what stands before the path, if that is what Host says.
/// Errors: kInvalid: another host than `host`, or neither form ("*", "host:80").
Result<std::string> to_origin_form(std::string_view target, std::optional<std::string_view> host);

}  // namespace blox::http
