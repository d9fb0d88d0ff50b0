// Heads and statuses by table: what goes over the wire round a body.
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/lines.h"
#include "http/response_head.h"

namespace blox::http {
namespace {

TEST(ResponseHead, SaysWhatTheBodyIs) {
  Response response = make_json(200, "{}");
  response.headers.emplace_back("Blox-Error-Detail", "a\r\nInjected: b");
  Framing framing;
  framing.date = "D";
  framing.body_bytes = 2;
  EXPECT_EQ(format_head(response, framing),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: application/json; charset=UTF-8\r\n"
            "Content-Length: 2\r\n\r\n");
  framing.body_bytes.reset();
  framing.chunked = true;
  framing.keep_alive = false;
  response.headers.clear();
  response.status = 404;
  EXPECT_EQ(format_head(response, framing),
            "HTTP/1.1 404 Not Found\r\nDate: D\r\nTransfer-Encoding: chunked\r\n"
            "Connection: close\r\n\r\n");
  framing = {};
  framing.body_bytes = 0;
  response.status = 204;
  EXPECT_EQ(format_head(response, framing), "HTTP/1.1 204 No Content\r\nDate: \r\n\r\n");
}

TEST(ResponseHead, WritesDatesAsHttpWantsThem) {
  const WallTime time{std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} +
                      std::chrono::hours{8} + std::chrono::minutes{49} +
                      std::chrono::milliseconds{37'999}};
  EXPECT_EQ(format_http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Message, FindsHeadersWithoutCase) {
  const Headers headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(find_header(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(find_header(headers, "Content"), std::nullopt);
}

TEST(Message, StatusesTellNotDoneFromUnknown) {
  EXPECT_EQ(to_status(ErrorKind::kInvalid), 400);
  EXPECT_EQ(to_status(ErrorKind::kUnavailable), 503);
  EXPECT_EQ(to_status(ErrorKind::kUnknown), 504);
}

TEST(LineSplitter, KeepsAPartialLine) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  splitter.feed("a\nb", lines);
  EXPECT_EQ(lines, (std::vector<std::string>{"a"}));
  EXPECT_EQ(splitter.partial_bytes(), 1u);
  splitter.feed("c\r", lines);
  splitter.feed("\n\nd", lines);
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "bc", ""}));
}

}  // namespace
}  // namespace blox::http
