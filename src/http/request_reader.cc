#include "http/request_reader.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/release.h"
#include "http/beast_parser.h"
#include "http/request_target.h"

namespace blox::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

// What stays allocated between requests.
constexpr std::size_t kKeptBytesMax = 4 << 10;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// A body that grows with what comes: Beast's own reserves what the peer says it will send.
struct GrowingBody {
  using value_type = std::string;

  class reader {  // NOLINT(readability-identifier-naming): Beast asks for it by that name.
   public:
    template <bool isRequest, class Fields>
    reader(beast::http::header<isRequest, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>&, ErrorCode& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& error) {
      error = {};
      std::size_t bytes = 0;
      for (auto next = asio::buffer_sequence_begin(buffers);
           next != asio::buffer_sequence_end(buffers); ++next) {
        const asio::const_buffer buffer = *next;
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(ErrorCode& error) { error = {}; }

   private:
    value_type& body_;
  };
};

Response bad_request(std::string why) {
  return make_text(400, "Not a request of HTTP/1.1: " + std::move(why));
}

}  // namespace

struct RequestReader::Parser {
  std::optional<beast::http::request_parser<GrowingBody>> beast;  // While a request is being read.

  // Feeds it `bytes`. Shape: how many it took. Nothing that it throws gets out: for one thing, it
  // does so for a field of 65,534 bytes.
  std::size_t put(std::string_view bytes, ErrorCode& error) {
    try {
      return beast->put(asio::const_buffer{bytes.data(), bytes.size()}, error);
    } catch (const std::exception&) {
      error = beast::http::error::bad_field;
      return 0;
    }
  }
};

RequestReader::RequestReader(const ReaderLimits& limits)
    : limits_(limits),
      scanner_(limits.head_bytes_max, limits.head_lines_max),
      parser_(std::make_unique<Parser>()) {}

RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::advance() {
  if (state_ == State::kHead) return read_head();
  if (state_ == State::kBody) return read_body();
  return state_;
}

RequestReader::State RequestReader::read_head() {
  // Some clients send an empty line after a body. Source: RFC 9112, section 2.2.
  while (std::string_view{waiting_}.substr(taken_).starts_with("\r\n")) {
    taken_ += 2;
    skipped_ += 2;
    if (skipped_ > limits_.head_bytes_max) return refuse(bad_request("empty lines alone"));
  }
  if (std::string_view{waiting_}.substr(taken_) == "\r") return state_;
  auto size = scanner_.scan(std::string_view{waiting_}.substr(taken_));
  if (!size) return refuse(std::move(size.error()));
  if (!*size) return state_;
  return parse_head(std::string_view{waiting_}.substr(taken_, **size));
}

RequestReader::State RequestReader::parse_head(std::string_view head) {
  auto& parser = parser_->beast.emplace();
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);
  ErrorCode error;
  const std::size_t parsed = parser_->put(head, error);
  if (error) return refuse(bad_request(error.message()));
  if (parsed != head.size() || !parser.is_header_done()) {
    return refuse(bad_request("its header ends too early"));
  }
  auto& message = parser.get();
  request_.method = view(message.method_string());
  is_head_ = request_.method == "HEAD";
  request_.target = view(message.target());
  request_.headers.reserve(8);
  for (const auto& field : message) {
    request_.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  is_http_1_1_ = message.version() >= 11;
  keep_alive_ = is_http_1_1_ && message.keep_alive();
  has_body_ = !parser.is_done();
  message.clear();  // Trailers would be put among the fields that are there.
  head_bytes_ = head.size();
  taken_ += head.size();
  skipped_ = 0;
  scanner_.reset();
  drop_taken();
  return check_head();
}

// What makes the head one that can be read in more than one way, or none at all.
std::optional<Response> RequestReader::find_fault() {
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  bool is_chunked = false;
  for (const auto& [name, value] : request_.headers) {
    if (is_same_name(name, "Host")) ++hosts;
    if (is_same_name(name, "Content-Length")) ++lengths;
    if (is_same_name(name, "Transfer-Encoding")) {
      ++encodings;
      is_chunked = is_same_name(value, "chunked");
    }
    if (is_same_name(name, "Expect") && is_http_1_1_) {
      expects_continue_ = is_same_name(value, "100-continue");
      if (!expects_continue_) return make_text(417, "Expect can be '100-continue' alone");
    }
  }
  if (hosts > 1) return make_text(400, "There is more than one header Host");
  if (is_http_1_1_ && hosts == 0) return make_text(400, "The header Host is missing");
  // Whoever reads another encoding than we do sees other requests in the same bytes.
  if (encodings > 1 || (encodings == 1 && (!is_chunked || !is_http_1_1_))) {
    return make_text(400, "Transfer-Encoding can be 'chunked' alone, once, in HTTP/1.1");
  }
  if (lengths > 1) return make_text(400, "There is more than one header Content-Length");
  return std::nullopt;
}

RequestReader::State RequestReader::check_head() {
  expects_continue_ = false;
  if (auto fault = find_fault()) return refuse(*std::move(fault));
  if (request_.target.size() > limits_.target_bytes_max) {
    return refuse(make_text(414, "The request's target is longer than " +
                                     std::to_string(limits_.target_bytes_max) + " bytes"));
  }
  auto target = to_origin_form(request_.target, find_header(request_.headers, "Host"));
  if (!target) return refuse(make_text(400, target.error().message));
  auto parsed = parse_target(*target);
  if (!parsed) return refuse(make_text(400, parsed.error().message));
  request_.target = *std::move(target);
  request_.url = *std::move(parsed);
  head_bytes_ = 2 * head_bytes_ + request_.headers.capacity() * sizeof(Headers::value_type) +
                request_.url->raw_segments.capacity() * sizeof(std::string) +
                request_.url->query.capacity() * sizeof(Query::value_type);
  return state_ = State::kHeadThere;
}

RequestReader::State RequestReader::begin_body(std::size_t body_bytes_max) {
  if (!has_body_) {
    parser_->beast.reset();
    return state_ = State::kWhole;
  }
  body_bytes_max_ = body_bytes_max;
  auto& parser = *parser_->beast;
  const auto length = parser.content_length();
  parser.body_limit(body_bytes_max);
  parser.eager(true);
  state_ = State::kBody;
  if (!length || *length <= body_bytes_max) return state_;
  return refuse(make_text(
      413, "The request's body is larger than " + std::to_string(body_bytes_max) + " bytes"));
}

RequestReader::State RequestReader::read_body() {
  auto& parser = *parser_->beast;
  while (waiting_bytes() > 0 && !parser.is_done()) {
    const auto window = std::string_view{waiting_}.substr(taken_, limits_.chunk_bytes_max);
    ErrorCode error;
    const std::size_t parsed = parser_->put(window, error);
    taken_ += parsed;
    if (error == beast::http::error::body_limit) {
      return refuse(make_text(
          413, "The request's body is larger than " + std::to_string(body_bytes_max_) + " bytes"));
    }
    if (error && error != beast::http::error::need_more)
      return refuse(bad_request(error.message()));
    if (parsed > 0) continue;
    if (window.size() == limits_.chunk_bytes_max) {
      return refuse(make_text(431, "A chunk's header or the trailer is larger than " +
                                       std::to_string(limits_.chunk_bytes_max) + " bytes"));
    }
    break;
  }
  drop_taken();
  if (!parser.is_done()) return state_;
  request_.body = std::move(parser.get().body());
  parser_->beast.reset();
  return state_ = State::kWhole;
}

RequestReader::State RequestReader::refuse(Response response) {
  refusal_ = std::move(response);
  drop();
  return state_ = State::kRefused;
}

void RequestReader::drop() {
  parser_->beast.reset();
  release(request_);
  release(waiting_);
  taken_ = 0;
  head_bytes_ = 0;
}

void RequestReader::drop_taken() {
  if (taken_ < waiting_.size() && taken_ < kKeptBytesMax) return;
  waiting_.erase(0, std::exchange(taken_, 0));
}

void RequestReader::next() {
  release(request_.body);
  request_ = {};
  is_head_ = false;
  head_bytes_ = 0;
  state_ = State::kHead;
  if (waiting_.empty() && waiting_.capacity() > kKeptBytesMax) release(waiting_);
}

std::size_t RequestReader::held_bytes() const {
  const std::size_t body = parser_->beast ? parser_->beast->get().body().capacity() : 0;
  return waiting_.capacity() + head_bytes_ + body + request_.body.capacity();
}

}  // namespace blox::http
