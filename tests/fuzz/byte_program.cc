#include "fuzz/byte_program.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"

namespace blox::fuzz {
namespace {

enum class Op : std::uint8_t { kLiteral, kWord, kRepeat, kCutRepeat, kSplit, kEndSending, kClose };

// An opcode's place is its lower half. The two that end a program are the rarest.
constexpr std::array<Op, 16> kOps{Op::kLiteral, Op::kWord,       Op::kRepeat, Op::kCutRepeat,
                                  Op::kSplit,   Op::kEndSending, Op::kClose,  Op::kLiteral,
                                  Op::kWord,    Op::kWord,       Op::kWord,   Op::kWord,
                                  Op::kLiteral, Op::kSplit,      Op::kRepeat, Op::kCutRepeat};

// Most repeats are short, so that chance makes few large programs; each place doubles or
// more.
constexpr std::array<std::size_t, 16> kShifts{0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14};

class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> data, std::span<const std::string_view> words)
      : data_(data), words_(words) {}

  std::vector<Step> run() {
    while (!closed_ && step()) {
    }
    split();
    if (ended_) steps_.push_back({Step::Kind::kEndSending, {}});
    if (closed_) steps_.push_back({Step::Kind::kClose, {}});
    return std::move(steps_);
  }

 private:
  // False when the data have ended.
  bool step() {
    const auto opcode = take();
    if (!opcode) return false;
    switch (kOps[*opcode % kOps.size()]) {
      case Op::kLiteral: return send_literal();
      case Op::kWord: return send_word();
      case Op::kRepeat: return repeat(false);
      case Op::kCutRepeat: return repeat(true);
      case Op::kSplit: split(); return true;
      case Op::kEndSending: ended_ = true; return true;
      case Op::kClose: closed_ = true; return true;
    }
    return false;
  }

  std::optional<std::size_t> take() {
    if (data_.empty()) return std::nullopt;
    const std::size_t byte = data_.front();
    data_ = data_.subspan(1);
    return byte;
  }

  bool send_literal() {
    const auto length = take();
    if (!length || data_.empty()) return false;
    const auto bytes = data_.first(std::min(1 + *length % kLiteralBytesMax, data_.size()));
    data_ = data_.subspan(bytes.size());
    send_piece(std::string(bytes.begin(), bytes.end()));
    return true;
  }

  bool send_word() {
    const auto place = take();
    if (!place) return false;
    send_piece(std::string{words_[*place % words_.size()]});
    return true;
  }

  void send_piece(std::string piece) {
    send(piece);
    pieces_.push_back(std::move(piece));
    if (pieces_.size() > kRepeatPiecesMax) pieces_.erase(pieces_.begin());
  }

  bool repeat(bool cut) {
    const auto count_of_pieces = take();
    const auto mantissa = take();
    const auto shift = take();
    const auto at = cut ? take() : std::optional<std::size_t>{0};
    if (!at) return false;
    if (!shift) return false;
    std::string unit;
    const std::size_t pieces = std::min(1 + *count_of_pieces % kRepeatPiecesMax, pieces_.size());
    for (auto piece = pieces_.end() - static_cast<std::ptrdiff_t>(pieces); piece != pieces_.end();
         ++piece) {
      unit += *piece;
    }
    if (unit.empty()) return true;
    const std::size_t bytes = (*mantissa + 1) << kShifts[*shift % kShifts.size()];
    const std::size_t times =
        (std::min(bytes, kRepeatBytesMax) + unit.size() - 1) / unit.size();  // Rounded up.
    const std::string_view before = std::string_view{unit}.substr(0, *at % unit.size());
    const std::string_view after = std::string_view{unit}.substr(before.size());
    for (std::size_t time = 0; time < times && !full_ && !ended_; ++time) {
      send(before);
      if (cut) split();
      send(after);
    }
    return true;
  }

  void send(std::string_view bytes) {
    if (ended_ || full_) return;
    const auto fitting = bytes.substr(0, kProgramBytesMax - sent_);
    segment_ += fitting;
    sent_ += fitting.size();
    full_ = sent_ == kProgramBytesMax || steps_.size() == kProgramSegmentsMax;
  }

  void split() {
    if (segment_.empty()) return;
    if (steps_.size() < kProgramSegmentsMax) {
      steps_.push_back({Step::Kind::kSegment, std::move(segment_)});
    }
    segment_.clear();
    full_ = full_ || steps_.size() == kProgramSegmentsMax;
  }

  std::span<const std::uint8_t> data_;
  std::span<const std::string_view> words_;
  std::vector<Step> steps_;
  std::string segment_;              // What is sent since the last split.
  std::vector<std::string> pieces_;  // The last literals and words, for repeats.
  std::size_t sent_ = 0;
  bool full_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

constexpr std::string_view kHttpWords[] = {
    "GET / HTTP/1.1\r\n",
    "Host: localhost\r\n",
    "\r\n",
    "Transfer-Encoding: chunked\r\n",
    "0\r\n",
    "a: ",
    ":\r\n",
    "Content-Length: ",
    "Expect: 100-continue\r\n",
    "POST / HTTP/1.1\r\n",
    "1\r\na\r\n",
    "ffff\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "HTTP/1.1\r\n",
    "HTTP/1.0\r\n",
    "GET ",
    "PUT ",
    "HEAD ",
    "DELETE ",
    "OPTIONS * ",
    "CONNECT ",
    "/",
    "/v1/tasks",
    "/v1/environments",
    "/v1/stream/tasks",
    "/healthz",
    "http://localhost/",
    "?",
    "=",
    "&",
    "%00",
    "%",
    " ",
    "\r",
    "\n",
    "\t",
    ":",
    ";",
    ",",
    "a",
    "1",
    "0",
    "-1",
    "18446744073709551616",
    "ffffffffffffffff\r\n",
    "10000\r\n",
    "a: b\r\n",
    " b\r\n",
    "Host: ",
    "Origin: ",
    "http://evil.example\r\n",
    "Sec-Fetch-Site: cross-site\r\n",
    "X-Forwarded-For: ",
    "127.0.0.1\r\n",
    "Transfer-Encoding: ",
    "identity\r\n",
    "gzip, chunked\r\n",
    "Content-Length: 1\r\n",
    "Trailer: a\r\n",
    "Upgrade: websocket\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "application/json\r\n",
    "Content-Type: ",
    "{}",
    "\x80",
    std::string_view{"\0", 1},
};

}  // namespace

std::vector<Step> decode_byte_program(std::span<const std::uint8_t> data,
                                      std::span<const std::string_view> words) {
  check(!words.empty(), "there are words");
  return Decoder{data, words}.run();
}

std::span<const std::string_view> http_words() { return kHttpWords; }

}  // namespace blox::fuzz
