#include "scheduler/api/queries.h"

#include <algorithm>

#include "base/text.h"

namespace blox::scheduler {

std::optional<Refusal> find_refusal(const http::Query& query,
                                    std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : query) {
    if (std::ranges::find(known, name) == known.end()) {
      std::string allowed;
      for (const auto& each : known) allowed += (allowed.empty() ? "" : ", ") + std::string{each};
      return Refusal{"At least one of the filters provided is not supported",
                     quote(name) + " is not known here; allowed " +
                         (allowed.empty() ? "is none" : "are " + allowed)};
    }
  }
  for (const auto& [name, value] : query) {
    if (std::ranges::count(query, name, [](const auto& each) { return each.first; }) > 1) {
      return Refusal{"At least one of the filters provided is specified multiple times",
                     quote(name) + " is given more than once; allowed is once"};
    }
  }
  return std::nullopt;
}

std::string query_text(const http::Query& query, std::string_view name) {
  return std::string{http::find_query(query, name).value_or("")};
}

PageRequest read_page_request(const http::Query& query) {
  PageRequest page;
  if (const auto text = http::find_query(query, "maxResults")) page.results_max = *text;
  page.next_token = query_text(query, "nextToken");
  return page;
}

Result<bool> read_query_flag(const http::Query& query, std::string_view name) {
  const auto text = http::find_query(query, name);
  if (!text || *text == "false") return false;
  if (*text == "true") return true;
  return fail(ErrorKind::kInvalid,
              std::string{name} + " is " + quote(*text) + "; allowed are true and false");
}

}  // namespace blox::scheduler
