#include "cluster_state/api/kept_events_json.h"

#include <boost/json.hpp>
#include <string_view>

namespace blox::cluster_state {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += '"';
  out += name;
  out += "\":";
  out += boost::json::serialize(boost::json::string_view{text.data(), text.size()});
  out += ',';
}

}  // namespace

std::string encode_kept_events(const std::vector<codec::StoredEvent>& events) {
  std::size_t bytes = 32;
  for (const auto& event : events) bytes += event.raw.size() + 512;
  std::string out;
  out.reserve(bytes);  // Growing by doubling it would hold twice as much.
  out += R"({"items":[)";
  for (const auto& event : events) {
    if (&event != &events.front()) out += ',';
    out += '{';
    append_text(out, "id", event.id);
    append_text(out, "detailType", event.detail_type);
    append_text(out, "cluster", event.cluster);
    append_text(out, "time", event.time);
    out += R"("event":)";
    out += event.raw;
    out += '}';
  }
  out += "]}";
  return out;
}

}  // namespace blox::cluster_state
