#include "http/message.h"

namespace blox::http {
namespace {

Response make(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace

std::size_t bytes_of(const Slices& slices) {
  std::size_t bytes = 0;
  for (const auto& slice : slices) bytes += slice.bytes.size();
  return bytes;
}

const Route& Handler::route_of(const Request&) const {
  static const Route kUnknown;
  return kUnknown;
}

int to_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return 400;
    case ErrorKind::kNotFound: return 404;
    case ErrorKind::kConflict: return 409;
    case ErrorKind::kCompacted: return 410;
    case ErrorKind::kThrottled: return 429;
    case ErrorKind::kDenied: return 403;
    case ErrorKind::kUnavailable: return 503;
    case ErrorKind::kUnknown: return 504;
    case ErrorKind::kInternal: return 500;
  }
  return 500;
}

Response make_text(int status, std::string line) {
  return make(status, "text/plain; charset=UTF-8", std::move(line));
}

Response make_busy(int status, std::string line) {
  Response response = make_text(status, std::move(line));
  // At the default rate what waited for a call to AWS is through long before.
  response.headers.emplace_back("Retry-After", status == 429 ? "5" : "2");
  return response;
}

Response make_error(const Error& error) {
  const int status = to_status(error.kind);
  return status == 503 || status == 429 ? make_busy(status, error.message)
                                        : make_text(status, error.message);
}

Response make_json(int status, std::string json) {
  return make(status, "application/json; charset=UTF-8", std::move(json));
}

}  // namespace blox::http
