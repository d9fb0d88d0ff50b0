// Paging of lists: up to `maxResults` entries in the order of their keys, and a token that names
// the last one given. A token is opaque and good for the list that gave it alone, as with AWS.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "simulator/json_input.h"

namespace blox::simulator {

struct PageRequest {
  std::string list;  ///< The field of the answer that holds the entries: "taskArns".
  std::size_t count_max = 100;
  std::string after;  ///< Key of the last entry of the page before; empty: from the start.
};

/// The token of the page that follows the entry `key`.
std::string make_page_token(std::string_view list, std::string_view key);
/// The key in the token of `field`, empty without one; rejects what `list` did not give.
std::string read_page_token(JsonInput& input, std::string_view field, std::string_view list);
/// Reads maxResults (1 to 100) and nextToken.
PageRequest read_page(JsonInput& input, std::string_view list);

/// The answer {"<list>": […], "nextToken": …} over `entries`, a map in the order of its keys.
/// `show(key, mapped)` gives an optional JSON value: none for an entry that is left out.
template <class Map, class Show>
boost::json::object make_page(const PageRequest& page, const Map& entries, const Show& show) {
  boost::json::array shown;
  boost::json::object answer;
  std::string last;
  auto entry = page.after.empty() ? entries.begin() : entries.upper_bound(page.after);
  for (; entry != entries.end(); ++entry) {
    auto value = show(entry->first, entry->second);
    if (!value) continue;
    if (shown.size() == page.count_max) {
      answer["nextToken"] = make_page_token(page.list, last);
      break;
    }
    shown.push_back(std::move(*value));
    last = entry->first;
  }
  answer[page.list] = std::move(shown);
  return answer;
}

}  // namespace blox::simulator
