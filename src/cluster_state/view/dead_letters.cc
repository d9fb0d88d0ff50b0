#include "cluster_state/view/dead_letters.h"

#include <algorithm>
#include <deque>
#include <string>

#include "base/log.h"
#include "codec/stored.h"

namespace blox::cluster_state {

Async<Result<std::vector<codec::DeadLetter>>> list_dead_letters(store::Store& store,
                                                                std::size_t count_max) {
  constexpr std::size_t kPageKeys = 100;  // Of up to 64 KiB each.
  std::deque<codec::DeadLetter> letters;
  std::size_t bytes = 0;
  store::RangeRequest request{.prefix = std::string{codec::kDeadLettersPrefix},
                              .limit = kPageKeys,
                              .after_key = {},
                              .revision = 0};
  for (bool more = true; more;) {
    auto asked = request;
    const auto page = co_await store.range(std::move(asked));
    if (!page) co_return page.error_in("list dead letters");
    for (const auto& item : page->items) {
      auto letter = codec::decode_dead_letter(*item.value);
      if (!letter) {
        log::error("view", "skips dead letter {}: {}", item.key, letter.error().message);
        continue;
      }
      bytes += letter->body.size();
      letters.push_front(*std::move(letter));
      while (letters.size() > count_max || bytes > kDeadLettersBytesMax) {
        bytes -= letters.back().body.size();
        letters.pop_back();
      }
    }
    more = page->more && !page->items.empty();
    request.revision = page->revision;
    if (more) request.after_key = page->items.back().key;
  }
  co_return std::vector<codec::DeadLetter>(std::make_move_iterator(letters.begin()),
                                           std::make_move_iterator(letters.end()));
}

}  // namespace blox::cluster_state
