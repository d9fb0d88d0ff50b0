// The query parameters of the scheduler's API, checked: known names only, each at most once.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/url.h"
#include "scheduler/environments/operations.h"

namespace blox::scheduler {

/// A refusal in two parts: the body that v0.3 fixed, and what more there is to say (may be empty).
struct Refusal {
  std::string body;
  std::string detail;
};

/// Nothing when every parameter is one of `known` and none is repeated.
std::optional<Refusal> find_refusal(const http::Query& query,
                                    std::initializer_list<std::string_view> known);

/// The value of `name`, or "" when it is absent.
std::string query_text(const http::Query& query, std::string_view name);

/// maxResults and nextToken.
PageRequest read_page_request(const http::Query& query);

/// The value of a parameter that is `true` or `false`; absent is false.
/// Errors: kInvalid, a sentence.
Result<bool> read_query_flag(const http::Query& query, std::string_view name);

}  // namespace blox::scheduler
