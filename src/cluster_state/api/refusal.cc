#include "cluster_state/api/refusal.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kDetailBytesMax = 1'024;

// Details repeat what the client sent; nothing of it may end the header or leave ASCII.
std::string to_header_value(std::string_view text) {
  std::string value{text.substr(0, kDetailBytesMax)};
  for (char& byte : value) {
    if (byte < ' ' || byte > '~') byte = '?';
  }
  return value;
}

}  // namespace

http::Response to_response(const Refusal& refusal) {
  auto response = http::make_text(refusal.status, std::string{refusal.body});
  if (!refusal.detail.empty()) {
    response.headers.emplace_back("Blox-Error-Detail", to_header_value(refusal.detail));
  }
  return response;
}

http::Response to_response(const Error& error) {
  if (error.kind == ErrorKind::kInternal) {
    return to_response(Refusal{.status = 500, .body = kInternalError, .detail = error.message});
  }
  return http::make_error(error);
}

}  // namespace blox::cluster_state
