// Requests out of bytes, by table, however the bytes are split; and what is refused, and when.
#include "http/request_reader.h"

#include <gmock/gmock.h>

namespace blox::http {
namespace {

using ::testing::HasSubstr;
using State = RequestReader::State;

constexpr std::string_view kPost = "POST /a?b=c HTTP/1.1\r\nHost: localhost\r\n";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n\r\n";

std::string text_of(Response refusal) {
  return std::to_string(refusal.status) + " " + std::get<std::string>(refusal.body);
}

// Reads all requests in `bytes`, fed in segments of that size: "METHOD target|body|" each, then how
// it ended.
std::string read_all(std::string_view bytes, std::size_t segment_bytes, ReaderLimits limits = {},
                     std::size_t body_bytes_max = 1'000) {
  RequestReader reader{limits};
  std::string read;
  for (;;) {
    switch (reader.advance()) {
      case State::kHeadThere: reader.begin_body(body_bytes_max); break;
      case State::kWhole:
        read += reader.request().method + " " + reader.request().target + "|" +
                reader.request().body + "|";
        reader.next();
        break;
      case State::kRefused: return read + text_of(reader.take_refusal());
      default:
        if (bytes.empty()) return read + (reader.has_begun() ? "unfinished" : "idle");
        reader.feed(bytes.substr(0, segment_bytes));
        bytes.remove_prefix(std::min(bytes.size(), segment_bytes));
    }
  }
}

TEST(RequestReader, ReadsTheSameHoweverTheBytesAreSplit) {
  const std::string post{kPost};
  const std::string chunked = post + std::string{kChunked};
  const std::pair<std::string, std::string> rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /||idle"},
      {"GET / HTTP/1.0\r\n\r\n", "GET /||idle"},
      {post + "Content-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nHost: a\r\n\r\nGE",
       "POST /a?b=c|hi|GET /||unfinished"},
      {chunked + "2\r\nhi\r\n0\r\n\r\n", "POST /a?b=c|hi|idle"},
      {chunked + "1;x=y\r\nh\r\n01\r\ni\r\n0\r\nTrailer: x\r\nSecond: y\r\n\r\n",
       "POST /a?b=c|hi|idle"},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n", "GET /||idle"},
      {"GET http://A:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y||idle"},
      {"GET https://a HTTP/1.1\r\nHost: a:443\r\n\r\n", "GET /||idle"},
      {"GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?x||idle"},
      // Refused: what it is, who it may be for, how it is framed.
      {"nonsense\r\n\r\n", "400 Not a request of HTTP/1.1: bad method"},
      {"GET / HTTP/1.1\r\n\r\n", "400 The header Host is missing"},
      {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "400 There is more than one header Host"},
      {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
       "400 target is on host 'b', but the header Host says 'a'"},
      {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
       "400 target is on host 'u@a', but the header Host says 'a'"},
      {"GET http://a/ HTTP/1.0\r\n\r\n", "400 target is on host 'a', but the header Host says ''"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
       "400 target '*': not a path with an optional query"},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
       "400 target '/%zz': not a path with an optional query, percent-encoded as RFC 3986 says"},
      {"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n",
       "400 Not a request of HTTP/1.1: a line of the header begins with a blank"},
      {"GET / HTTP/1.1\nHost: a\n\n",
       "400 Not a request of HTTP/1.1: a control character in the header"},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
       "400 Not a request of HTTP/1.1: a line does not end in CR LF"},
      {"\x16\x03\x01", "400 Not a request of HTTP/1.1: a control character in the header"},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n",
       "400 Transfer-Encoding can be 'chunked' alone, once, in HTTP/1.1"},
      {post + "Transfer-Encoding: xchunked\r\n\r\n",
       "400 Transfer-Encoding can be 'chunked' alone, once, in HTTP/1.1"},
      {post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Transfer-Encoding can be 'chunked' alone, once, in HTTP/1.1"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Transfer-Encoding can be 'chunked' alone, once, in HTTP/1.1"},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Not a request of HTTP/1.1: bad Transfer-Encoding"},
      {post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Not a request of HTTP/1.1: bad Transfer-Encoding"},
      {post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
       "400 There is more than one header Content-Length"},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
       "400 Not a request of HTTP/1.1: multiple Content-Length"},
      {post + "Expect: tea\r\n\r\n", "417 Expect can be '100-continue' alone"},
      {chunked + "x\r\n", "400 Not a request of HTTP/1.1: bad chunk"},
      {chunked + "2\r\nhi!\r\n0\r\n\r\n", "400 Not a request of HTTP/1.1: bad chunk"},
      {chunked + "0\r\nbroken trailer\r\n\r\n", "400 Not a request of HTTP/1.1: bad field"},
  };
  for (const auto& [bytes, wanted] : rows) {
    for (const std::size_t segment :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, bytes.size()}) {
      EXPECT_EQ(read_all(bytes, segment), wanted) << "by " << segment << " of " << bytes;
    }
  }
}

TEST(RequestReader, BoundsHeadBodyAndTrailerHoweverTheyAreSplit) {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = std::string{kPost} + std::string{kChunked};
  const auto filled = [](std::size_t size) { return std::string(size, 'x'); };
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += "a:\r\n";
  const std::size_t rest = (64 << 10) - get.size() - 7;  // "b: " and two line ends.
  const std::tuple<const char*, std::string, const char*> rows[] = {
      {"head as large as it may be", get + "b: " + filled(rest) + "\r\n\r\n", "GET /||idle"},
      {"head one byte larger", get + "b: " + filled(rest + 1) + "\r\n\r\n",
       "431 The request's header is larger than 65536 bytes"},
      {"head that never ends", get + "b: " + filled(100'000),
       "431 The request's header is larger than 65536 bytes"},
      {"long target", "GET /" + filled(8 << 10) + " HTTP/1.1\r\nHost: a\r\n\r\n",
       "414 The request's target is longer than 8192 bytes"},
      {"many fields", get + lines + "\r\n", "431 The request's header has more than 256 lines"},
      {"empty lines alone",
       [] {
         std::string crlf;
         for (int i = 0; i < 40'000; ++i) crlf += "\r\n";
         return crlf;
       }(),
       "400 Not a request of HTTP/1.1: empty lines alone"},
      {"declared body", std::string{kPost} + "Content-Length: 1001\r\n\r\n",
       "413 The request's body is larger than 1000 bytes"},
      {"chunked body", chunked + "3e9\r\n", "413 The request's body is larger than 1000 bytes"},
      {"chunks that are too much together", chunked + "3e8\r\n" + filled(1'000) + "\r\n1\r\nx\r\n",
       "413 The request's body is larger than 1000 bytes"},
      {"trailer", chunked + "0\r\na: " + filled(16'000) + "\r\n\r\n", "POST /a?b=c||idle"},
      {"larger trailer", chunked + "0\r\na: " + filled(17'000) + "\r\n\r\n",
       "431 A chunk's header or the trailer is larger than 16384 bytes"},
      {"trailer field that the parser throws for",
       chunked + "0\r\na: " + filled(65'600) + "\r\n\r\n",
       "431 A chunk's header or the trailer is larger than 16384 bytes"},
      {"chunk extension that never ends", chunked + "1;" + filled(100'000),
       "431 A chunk's header or the trailer is larger than 16384 bytes"},
  };
  for (const auto& [rule, bytes, wanted] : rows) {
    for (const std::size_t segment : {std::size_t{1}, std::size_t{8'191}, bytes.size()}) {
      EXPECT_EQ(read_all(bytes, segment), wanted) << rule << " by " << segment;
    }
  }
}

// Segments that each end in the name of a field, so that nothing of the field after it waits.
TEST(RequestReader, CountsTheWholeHeadAndNotWhatIsLeftOfIt) {
  RequestReader reader{{}};
  std::size_t fed = 0;
  const auto feed = [&](std::string_view bytes) {
    reader.feed(bytes);
    fed += bytes.size();
    return reader.advance();
  };
  auto state = feed("GET / HTTP/1.1\r\na");
  std::string segment = ":\r\n";
  for (int i = 0; i < 50; ++i) segment += "a:\r\n";
  segment += "a";
  while (state == State::kHead && fed < 1'000'000) state = feed(segment);
  EXPECT_EQ(state, State::kRefused);
  EXPECT_LE(fed, std::size_t{66'000});
  EXPECT_LE(reader.held_bytes(), std::size_t{140'000});
}

// Fences hold where the limits are set wrongly, too: Beast throws for a field of 65,534 bytes.
TEST(RequestReader, LetsNothingOutThatTheParserThrows) {
  ReaderLimits wide;
  wide.chunk_bytes_max = 100'000;
  wide.head_bytes_max = 100'000;
  const std::string large(65'600, 'x');
  EXPECT_THAT(read_all(std::string{kPost} + std::string{kChunked} + "0\r\na: " + large + "\r\n\r\n",
                       100'000, wide),
              HasSubstr("400 Not a request of HTTP/1.1"));
  EXPECT_THAT(read_all("GET / HTTP/1.1\r\nHost: a\r\nb: " + large + "\r\n\r\n", 100'000, wide),
              HasSubstr("400 Not a request of HTTP/1.1"));
}

TEST(RequestReader, TellsOfTheHeadAloneAndDropsTrailers) {
  RequestReader reader{{}};
  reader.feed(
      std::string{kPost} +
      "Connection: keep-alive\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_EQ(reader.advance(), State::kHeadThere);
  EXPECT_TRUE(reader.keep_alive());
  EXPECT_TRUE(reader.expects_continue());
  EXPECT_TRUE(reader.has_body());
  EXPECT_EQ(reader.request().url->raw_query, "b=c");
  EXPECT_EQ(reader.advance(), State::kHeadThere);  // Goes no further by itself.
  reader.begin_body(10);
  reader.feed("2\r\nhi\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(reader.advance(), State::kWhole);
  EXPECT_EQ(reader.request().body, "hi");
  EXPECT_EQ(find_header(reader.request().headers, "X-Forwarded-For"), std::nullopt);
  EXPECT_TRUE(reader.keep_alive());
}

TEST(RequestReader, HoldsWhatCameAndNotWhatWasDeclared) {
  RequestReader reader{{}};
  reader.feed(std::string{kPost} + "Content-Length: 50000\r\n\r\n");
  ASSERT_EQ(reader.advance(), State::kHeadThere);
  reader.begin_body(64 << 10);
  reader.feed("a few bytes");
  EXPECT_EQ(reader.advance(), State::kBody);
  EXPECT_LT(reader.held_bytes(), 1'000u);
}

TEST(RequestReader, CountsWhatItsPartsCostAndNotTheirBytes) {
  RequestReader reader{{}};
  std::string head =
      "POST /?" + std::string(62, '&') + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n";
  for (int i = 0; i < 250; ++i) head += "a:\r\n";
  reader.feed(head + "\r\n");
  ASSERT_EQ(reader.advance(), State::kHeadThere);
  EXPECT_GE(reader.held_bytes(), (250 + 62) * 64u);
}

TEST(RequestReader, GivesMemoryBackBetweenRequests) {
  RequestReader reader{{}};
  const std::string body(50'000, 'x');
  reader.feed(std::string{kPost} + "Content-Length: 50000\r\n\r\n" + body);
  ASSERT_EQ(reader.advance(), State::kHeadThere);
  reader.begin_body(64 << 10);
  ASSERT_EQ(reader.advance(), State::kWhole);
  EXPECT_EQ(reader.request().body, body);
  EXPECT_GE(reader.held_bytes(), body.size());
  reader.next();
  EXPECT_LE(reader.held_bytes(), 4'096u);
}

}  // namespace
}  // namespace blox::http
