// Lists in pages: a page ends with an opaque token that holds the sort key of its last item, so
// that a list goes on at the right place when items before it have come or gone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scheduler/environments/operations.h"

namespace blox::scheduler {

/// `key` as hexadecimal digits.
std::string encode_page_token(std::string_view key);
/// Errors: kInvalid (not a token of ours).
Result<std::string> decode_page_token(std::string_view token);
/// How many items the page may have. Errors: kInvalid (not an integer from 1 to 10000).
Result<std::size_t> parse_results_max(const PageRequest& page);

/// The page of `all` that `page` asks for. Requires: `all` is sorted by `key_of`, whose keys
/// differ. Errors: kInvalid, naming the field of `page`.
template <class Record, class KeyOf>
Result<RecordPage<Record>> cut_page(const std::vector<const Record*>& all, const PageRequest& page,
                                    const KeyOf& key_of) {
  const auto results_max = parse_results_max(page);
  if (!results_max) return std::unexpected(results_max.error());
  auto next = all.begin();
  if (!page.next_token.empty()) {
    const auto after = decode_page_token(page.next_token);
    if (!after) return std::unexpected(after.error());
    next = std::find_if(all.begin(), all.end(),
                        [&](const Record* record) { return key_of(*record) > *after; });
  }
  RecordPage<Record> cut;
  for (; next != all.end() && cut.items.size() < *results_max; ++next) cut.items.push_back(**next);
  if (next != all.end()) cut.next_token = encode_page_token(key_of(cut.items.back()));
  return cut;
}

}  // namespace blox::scheduler
