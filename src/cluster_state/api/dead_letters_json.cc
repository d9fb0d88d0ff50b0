#include "cluster_state/api/dead_letters_json.h"

#include <boost/json.hpp>

namespace blox::cluster_state {

std::string encode_dead_letters(const std::vector<codec::DeadLetter>& letters) {
  std::string out{R"({"items":[)"};
  for (const auto& letter : letters) {
    const std::string item =
        boost::json::serialize(boost::json::object{{"messageId", letter.message_id},
                                                   {"at", format_time(letter.at)},
                                                   {"error", letter.error},
                                                   {"bodyBytes", letter.body_bytes},
                                                   {"body", letter.body}});
    if (out.size() + item.size() > kDeadLettersAnswerBytesMax) break;
    if (&letter != &letters.front()) out += ',';
    out += item;
  }
  out += "]}";
  return out;
}

}  // namespace blox::cluster_state
