// The server over real sockets: plain blocking peers on one side, handlers on the other.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/signal.h"
#include "http/curl_transport.h"
#include "http/loopback_for_tests.h"
#include "http/router.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Set when a coroutine that waits in a handler, or a stream, is destroyed.
struct Gone {
  std::promise<void>& promise;
  ~Gone() { promise.set_value(); }
};

// What test streams wait for.
struct Release {
  explicit Release(Executor& executor) : changed(executor) {}
  bool released = false;
  Signal changed;
};

// Gives its lines, then waits to be released, then ends.
class TestStream final : public BodyStream {
 public:
  TestStream(Release& release, std::vector<std::string> lines, bool ends, std::promise<void>* gone)
      : release_(release), lines_(std::move(lines)), ends_(ends), gone_(gone) {}
  ~TestStream() override {
    if (gone_ != nullptr) gone_->set_value();
  }
  Async<Result<Slices>> next() override {
    Slices slices;
    if (next_ < lines_.size()) {
      slices.push_back(Slice{nullptr, lines_[next_++]});
      co_return slices;
    }
    while (!ends_ && !release_.released) co_await release_.changed.wait();
    co_return slices;
  }

 private:
  Release& release_;
  std::vector<std::string> lines_;
  std::size_t next_ = 0;
  bool ends_;
  std::promise<void>* gone_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router.add("GET", "/hello",
               [](RequestContext) -> Async<Response> { co_return make_text(200, "hello"); });
    router.add("POST", "/echo", [](RequestContext context) -> Async<Response> {
      co_return make_text(200, context.request.body);
    });
    router.add("GET", "/slices", [this](RequestContext) -> Async<Response> {
      Response response = make_text(200, "");
      response.body = Slices(slice_count, Slice{slice, *slice});
      co_return response;
    });
    router.add("GET", "/stream", [this](RequestContext) -> Async<Response> {
      Response response = make_text(200, "");
      response.body = std::make_unique<TestStream>(release, stream_lines, stream_ends, gone);
      co_return response;
    });
    router.add("GET", "/hang", [this](RequestContext) -> Async<Response> {
      const Gone noted{hang_gone};
      Signal never{thread.loop};
      hanging.set_value();
      co_await never.wait();
      co_return make_text(200, "never");
    });
  }
  ~ServerTest() override {
    thread.call([&] { server.reset(); });
  }

  // Opens the server with `options`; port 0 unless they say otherwise.
  void open(ServerOptions options = {}) {
    thread.call([&] {
      auto opened = Server::open(thread.loop, std::move(options), router, metrics);
      ASSERT_TRUE(opened) << opened.error().message;
      server = std::move(*opened);
    });
    address = server->address();
  }
  Peer connect(int receive_bytes = 0) { return Peer::connect_to(address, receive_bytes); }

  // What a connection of its own answers to `request`, until the server closes.
  std::string ask(std::string_view request) {
    Peer peer = connect();
    peer.send(request);
    return peer.read_all();
  }

  std::size_t slice_count = 200;
  std::shared_ptr<const std::string> slice = std::make_shared<std::string>("0123456789");
  std::vector<std::string> stream_lines;
  bool stream_ends = true;
  std::promise<void>* gone = nullptr;
  std::promise<void> hanging;
  std::promise<void> hang_gone;

  Router router;
  Metrics metrics;
  LoopThread thread;
  Release release{thread.loop};
  std::unique_ptr<Server> server;
  std::string address;
};

TEST_F(ServerTest, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  open();
  Peer peer = connect();
  peer.send(
      "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\none"
      "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n");
  EXPECT_THAT(peer.read_until("hello"),
              ::testing::AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "),
                               HasSubstr("\r\nContent-Length: 5\r\n\r\nhello")));
  EXPECT_THAT(peer.read_until("one"), EndsWith("Content-Length: 3\r\n\r\none"));
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(peer.read_all(), EndsWith("Connection: close\r\n\r\ntwo"));
}

std::string without_date(std::string answer) {
  const auto date = answer.find("Date: ");
  return date == answer.npos ? answer : answer.erase(date, answer.find('\n', date) + 1 - date);
}

// Each request comes in three segments, the second of one byte, split at every byte in turn.
TEST_F(ServerTest, AnswersTheSameHoweverARequestIsSplit) {
  open();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string rows[] = {
      chunked + "0\r\n\r\n",
      chunked + "2\r\nhi\r\n0\r\n\r\n",
      chunked + "1;a=b\r\nh\r\n01\r\ni\r\n0\r\nTrailer: x\r\nSecond: y\r\n\r\n",
      chunked + "0\r\nbroken trailer\r\n\r\n",
      chunked + "2\r\nhi!\r\n0\r\n\r\n",
      chunked + "x\r\n",
      chunked + "ffffffffffffffff\r\n",
      post + "Content-Length: 2\r\n\r\nhi",
      "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
      "GET /hello HTTP/1.0\r\n\r\n",
      "nonsense\r\n\r\n",
  };
  for (const auto& request : rows) {
    const std::string whole = without_date(ask(request));
    EXPECT_THAT(whole, StartsWith("HTTP/1.1 ")) << request;
    for (std::size_t split = 1; split < request.size(); ++split) {
      Peer peer = connect();
      peer.send(request.substr(0, split));
      // The loop accepts, reads and parses between these jobs.
      for (int turn = 0; turn < 4; ++turn) thread.call([] {});
      peer.send(request.substr(split, 1));
      for (int turn = 0; turn < 2; ++turn) thread.call([] {});
      peer.send(request.substr(split + 1));
      EXPECT_EQ(without_date(peer.read_all()), whole) << "at " << split << " of " << request;
    }
  }
}

TEST_F(ServerTest, RefusesWithASentence) {
  ServerOptions options;
  options.limits.body_bytes_max = 10;
  options.limits.header_bytes_max = 1000;
  options.allowed_hosts = {"blox.example", "other.example:81"};
  open(options);
  const std::string post = "POST /echo HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n";
  const std::tuple<const char*, std::string, const char*, const char*> rows[] = {
      {"not HTTP", "nonsense\r\n\r\n", "400", "Not a request of HTTP/1.1"},
      {"no Host", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", "400", "Host is missing"},
      {"declared body", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n",
       "413", "larger than 10 bytes"},
      {"chunked body",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
       "b\r\nhello world\r\n0\r\n\r\n",
       "413", "larger than 10 bytes"},
      {"header", "GET / HTTP/1.1\r\nHost: " + std::string(2000, 'x') + "\r\n\r\n", "431",
       "larger than 1000 bytes"},
      {"foreign Host", post + "Host: evil.example\r\n\r\nhi", "403", "'evil.example'"},
      {"foreign Origin", post + "Host: localhost\r\nOrigin: https://evil.example\r\n\r\nhi", "403",
       "'https://evil.example'"},
      {"opaque Origin", post + "Host: localhost\r\nOrigin: null\r\n\r\nhi", "403", "'null'"},
      {"disguised Host", post + "Host: 127.0.0.1.evil.example\r\n\r\nhi", "403", "refused"},
      {"wrong port", post + "Host: other.example:80\r\n\r\nhi", "403", "refused"},
      {"own Origin", post + "Host: LOCALHOST:1\r\nOrigin: http://127.0.0.1:9\r\n\r\nhi", "200",
       "hi"},
      {"allowed Host", post + "Host: Blox.example:3000\r\n\r\nhi", "200", "hi"},
      {"allowed with port", post + "Host: other.example:81\r\n\r\nhi", "200", "hi"},
      {"a GET may come from anywhere",
       "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "200", "hello"},
      {"HTTP/1.0 ends by closing", "GET /hello HTTP/1.0\r\n\r\n", "200", "hello"},
  };
  for (const auto& [rule, request, status, text] : rows) {
    const std::string answer = ask(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string{status})) << rule;
    EXPECT_THAT(answer, HasSubstr(text)) << rule;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << rule;
  }
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheBound) {
  ServerOptions options;
  options.limits.connection_count_max = 1;
  open(options);
  Peer first = connect();
  first.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(first.read_until("hello"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(""), ::testing::AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("limit is 1")));
}

TEST_F(ServerTest, WritesSlicesWithTheirLength) {
  slice_count = 200;  // More than fit into one gathered write.
  open();
  const std::string answer = ask("GET /slices HTTP/1.0\r\n\r\n");
  std::string body;
  for (int i = 0; i < 200; ++i) body += *slice;
  EXPECT_THAT(answer, EndsWith("Content-Length: 2000\r\nConnection: close\r\n\r\n" + body));
  EXPECT_THAT(metrics.to_text(),
              HasSubstr("blox_http_requests_total{method=\"GET\",status=\"2xx\"} 1"));
}

TEST_F(ServerTest, StreamsInChunks) {
  stream_lines = {"one\n", "a longer line\n"};
  open();
  const std::string head = "GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(ask(head), EndsWith("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                  "4\r\none\n\r\ne\r\na longer line\n\r\n0\r\n\r\n"));
  EXPECT_THAT(ask("GET /stream HTTP/1.0\r\n\r\n"),
              EndsWith("Connection: close\r\n\r\none\na longer line\n"));
}

TEST_F(ServerTest, WhatComesDuringAStreamIsAnsweredAfterIt) {
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  const std::string echo = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n";
  Peer peer = connect();
  peer.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n" + echo + "second");
  peer.read_until("one\n");
  thread.call([&] {
    release.released = true;
    release.changed.notify_all();
  });
  EXPECT_THAT(peer.read_until("second"), HasSubstr("0\r\n\r\nHTTP/1.1 200 OK\r\n"));
  peer.send(echo + "third!");
  EXPECT_THAT(peer.read_until("third!"), EndsWith("Content-Length: 6\r\n\r\nthird!"));
}

TEST_F(ServerTest, DestroysTheStreamWhenThePeerLeaves) {
  std::promise<void> stream_gone;
  gone = &stream_gone;
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer peer = connect();
  peer.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(peer.read_until("one\n"), HasSubstr("4\r\none\n"));
  peer.close();
  EXPECT_EQ(stream_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, DestroysTheHandlersCoroutineWhenThePeerLeaves) {
  ServerOptions options;
  options.limits.idle_max = 20ms;  // The look at waiting peers comes four times as often.
  open(options);
  Peer peer = connect();
  peer.send("GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
  hanging.get_future().wait();
  peer.close();
  EXPECT_EQ(hang_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, CutsOffAPeerThatDoesNotRead) {
  slice = std::make_shared<std::string>(1 << 20, 'x');
  slice_count = 64;
  ServerOptions options;
  options.limits.write_max = 20ms;
  open(options);
  Peer peer = connect(/*receive_bytes=*/4096);
  peer.send("GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // The server's side is gone when its gauge says so; only then is anything read.
  while (metrics.to_text().find("blox_http_connections 0") == std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_LT(peer.read_all().size(), std::size_t{64} << 20);
}

TEST_F(ServerTest, EndsIdleConnections) {
  ServerOptions options;
  options.limits.idle_max = 20ms;
  open(options);
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(ask("GET /hel"), "");
}

TEST_F(ServerTest, StopAcceptingEndsStreamsWellAndIdleConnectionsAtOnce) {
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer idle = connect();
  idle.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idle.read_until("hello");
  Peer streaming = connect();
  streaming.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  streaming.read_until("one\n");
  thread.call([&] { server->stop_accepting(); });
  EXPECT_THAT(streaming.read_all(), EndsWith("0\r\n\r\n"));
  EXPECT_EQ(idle.read_all(), "");
}

TEST_F(ServerTest, DestroyingItBreaksOffWhatIsUnderWay) {
  std::promise<void> stream_gone;
  gone = &stream_gone;
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer hanging_peer = connect();
  hanging_peer.send("GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
  hanging.get_future().wait();
  Peer streaming = connect();
  streaming.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  streaming.read_until("one\n");
  thread.call([&] { server.reset(); });
  EXPECT_EQ(hanging_peer.read_all(), "");
  EXPECT_EQ(streaming.read_all(), "\r\n");  // The end of its chunk, not of the body.
  EXPECT_EQ(stream_gone.get_future().wait_for(0s), std::future_status::ready);
  EXPECT_EQ(hang_gone.get_future().wait_for(0s), std::future_status::ready);
}

TEST_F(ServerTest, NamesWhatIsWrongWithAnAddress) {
  open();
  const std::tuple<const char*, std::string, ErrorKind> rows[] = {
      {"no port", "127.0.0.1", ErrorKind::kInvalid},
      {"port too large", "127.0.0.1:65536", ErrorKind::kInvalid},
      {"not an address", "a.b.c:80", ErrorKind::kInvalid},
      {"taken", address, ErrorKind::kUnavailable},
  };
  for (const auto& [rule, bind, kind] : rows) {
    thread.call([&] {
      ServerOptions options;
      options.bind = bind;
      const auto opened = Server::open(thread.loop, options, router, metrics);
      ASSERT_FALSE(opened) << rule;
      EXPECT_EQ(opened.error().kind, kind) << rule;
      EXPECT_THAT(opened.error().message, HasSubstr(bind)) << rule;
    });
  }
}

}  // namespace
}  // namespace blox::http
