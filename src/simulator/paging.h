// Paging of lists: up to `maxResults` entries in the order of their keys, and a token that names
// the last one given.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>

#include "simulator/json_input.h"

namespace blox::simulator {

struct PageRequest {
  std::size_t count_max = 100;
  std::string after;  ///< Key of the last entry of the page before; empty: from the start.
};

/// Reads maxResults (1 to 100) and nextToken.
inline PageRequest read_page(JsonInput& input) {
  PageRequest page;
  page.count_max = static_cast<std::size_t>(input.number("maxResults", 100, 1, 100));
  page.after = input.text("nextToken");
  return page;
}

/// The answer {"<name>": […], "nextToken": …} over `entries`, a map in the order of its keys.
/// `show(key, mapped)` gives an optional JSON value: none for an entry that is left out.
template <class Map, class Show>
boost::json::object make_page(const char* name, const PageRequest& page, const Map& entries,
                              const Show& show) {
  boost::json::array shown;
  boost::json::object answer;
  std::string last;
  auto entry = page.after.empty() ? entries.begin() : entries.upper_bound(page.after);
  for (; entry != entries.end(); ++entry) {
    auto value = show(entry->first, entry->second);
    if (!value) continue;
    if (shown.size() == page.count_max) {
      answer["nextToken"] = last;
      break;
    }
    shown.push_back(std::move(*value));
    last = entry->first;
  }
  answer[name] = std::move(shown);
  return answer;
}

}  // namespace blox::simulator
