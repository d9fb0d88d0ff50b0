#include "cluster_state/api/dead_letters_json.h"

#include <boost/json.hpp>

namespace blox::cluster_state {

std::string encode_dead_letters(const std::vector<codec::DeadLetter>& letters) {
  boost::json::array items;
  for (const auto& letter : letters) {
    items.push_back({{"messageId", letter.message_id},
                     {"at", format_time(letter.at)},
                     {"error", letter.error},
                     {"bodyBytes", letter.body_bytes},
                     {"body", letter.body}});
  }
  return boost::json::serialize(boost::json::object{{"items", std::move(items)}});
}

}  // namespace blox::cluster_state
