// CurlTransport against our own server, and against raw peers that misbehave.
#include "http/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>

#include "http/raw_server_for_tests.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";

Async<void> forget(Async<Result<Answer>> work) { (void)co_await std::move(work); }
Async<void> keep(Async<Result<Answer>> work, std::promise<Result<Answer>>& answer) {
  answer.set_value(co_await std::move(work));
}

class CurlTransportTest : public ::testing::Test {
 protected:
  CurlTransportTest() { open({}); }
  ~CurlTransportTest() override {
    thread.call([&] { transport.reset(); });
  }

  void open(CurlOptions options) {
    thread.call(
        [&] { transport = std::make_unique<CurlTransport>(thread.loop, std::move(options)); });
  }
  Result<Answer> send(OutgoingRequest request) {
    return thread.await(transport->send(std::move(request)));
  }
  Result<std::unique_ptr<LineStream>> open_lines(const std::string& url, Duration idle_max = 10s) {
    return thread.await(transport->open_lines(to(url), idle_max));
  }
  Result<std::vector<std::string>> next(LineStream& lines) { return thread.await(lines.next()); }
  // Destroys on the executor's thread.
  void drop(std::unique_ptr<LineStream> lines) {
    thread.call([&] { lines.reset(); });
  }

  static OutgoingRequest to(std::string url, std::string method = "GET", std::string body = "") {
    OutgoingRequest request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.body = std::move(body);
    return request;
  }

  LoopThread thread;
  std::unique_ptr<CurlTransport> transport;
};

// Of a proxy's variable that libcurl does not understand.
TEST_F(CurlTransportTest, RepeatsNoPasswordOfAProxy) {
  const std::string before = std::getenv("http_proxy") == nullptr ? "" : std::getenv("http_proxy");
  for (const char* proxy :
       {"http://user:hush@proxy:port", "ftp://user:hush@proxy:1", "http://user:hu sh@proxy:1",
        "user:hu/sh@127.0.0.1:1", "http://user:hu'sh@proxy:port", "http://u:h@hush@proxy:port"}) {
    setenv("http_proxy", proxy, 1);
    const auto refused = send(to("http://css.example:3000/"));
    ASSERT_FALSE(refused) << proxy;
    const std::string& message = refused.error().message;
    EXPECT_THAT(message, HasSubstr("http://css.example:3000/: not sent: Unsupported proxy s"));
    EXPECT_THAT(message, ::testing::Not(::testing::ContainsRegex("h@|hu|sh@"))) << proxy;
    EXPECT_THAT(message, ::testing::ContainsRegex("'(http://|ftp://)?(proxy|127)")) << proxy;
  }
  setenv("http_proxy", before.c_str(), 1);
  if (before.empty()) unsetenv("http_proxy");
}

TEST_F(CurlTransportTest, SendsTheRequestAsItIs) {
  std::promise<std::string> seen;
  RawServer server{[&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
    peer.send("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 3\r\nX-A:  b\r\n\r\nbye");
  }};
  OutgoingRequest request = to(server.url() + "/a/../b%2F?z=1&a", "PUT", "body");
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}};
  const auto answer = send(std::move(request));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 301);  // Not followed.
  EXPECT_EQ(answer->body, "bye");
  EXPECT_EQ(find_header(answer->headers, "x-a"), "b");
  EXPECT_EQ(find_header(answer->headers, "x-early"), std::nullopt);
  const std::string text = seen.get_future().get();
  EXPECT_THAT(text, ::testing::StartsWith("PUT /a/../b%2F?z=1&a HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr("X-One: 1\r\nX-Empty:\r\nContent-Length: 4\r\n\r\nbody"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("Content-Type")));
}

TEST_F(CurlTransportTest, RefusesWhatIsNoRequest) {
  OutgoingRequest injected = to("http://localhost:1/");
  injected.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  EXPECT_EQ(send(std::move(injected)).error().kind, ErrorKind::kInvalid);
  for (const char* url : {"", "localhost", "ftp://localhost/", "file:///etc/passwd", "http://"}) {
    const auto answer = send(to(url));
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::kInvalid) << url;
  }
  EXPECT_EQ(send(to("http://localhost:1/", "GE T")).error().kind, ErrorKind::kInvalid);
}

// What a peer does with the first connection, and what is known afterwards.
TEST_F(CurlTransportTest, TellsNotSentFromUnknown) {
  struct Row {
    const char* what;
    std::string scheme;
    std::function<void(Peer&)> peer;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"closes before TLS stands", "https", [](Peer& peer) { peer.read_until("\1"); },
       ErrorKind::kUnavailable},
      {"closes after the request", "http", [](Peer& peer) { peer.read_request(); },
       ErrorKind::kUnknown},
      {"closes within the body", "http",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
       },
       ErrorKind::kUnknown},
      {"answers no HTTP", "http",
       [](Peer& peer) {
         peer.read_request();
         peer.send("SSH-2.0-x\r\n\r\n\r\n");
       },
       ErrorKind::kUnknown},
      {"answers too much", "http",
       [](Peer& peer) {
         peer.read_request();
         peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'));
       },
       ErrorKind::kUnknown},
  };
  for (const auto& row : rows) {
    RawServer server{[&](Peer& peer) { row.peer(peer); }};
    OutgoingRequest request = to(row.scheme + server.url().substr(4) + "/x?secret=1", "POST", "b");
    request.answer_bytes_max = 50;
    const auto answer = send(std::move(request));
    ASSERT_FALSE(answer) << row.what;
    EXPECT_EQ(answer.error().kind, row.kind) << row.what << ": " << answer.error().message;
    EXPECT_THAT(answer.error().message, HasSubstr("POST " + row.scheme + "://127.0.0.1:"));
    EXPECT_THAT(answer.error().message, ::testing::Not(HasSubstr("secret")));
  }
}

TEST_F(CurlTransportTest, NobodyThereIsUnavailable) {
  std::string url;
  {
    const Listener closed;
    url = closed.url();
  }
  EXPECT_EQ(send(to(url, "POST", "b")).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(send(to("http://name.invalid/", "POST", "b")).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(open_lines(url).error().kind, ErrorKind::kUnavailable);
}

TEST_F(CurlTransportTest, ADeadlineAfterSendingIsUnknown) {
  RawServer server{[](Peer& peer) { peer.read_until("never"); }};
  OutgoingRequest request = to(server.url(), "POST", "b");
  request.deadline = 30ms;
  EXPECT_EQ(send(std::move(request)).error().kind, ErrorKind::kUnknown);
  OutgoingRequest secure = to("https" + server.url().substr(4), "POST", "b");
  secure.deadline = 30ms;
  EXPECT_EQ(send(std::move(secure)).error().kind, ErrorKind::kUnavailable);  // TLS never stood.
}

TEST_F(CurlTransportTest, SendsNothingOnceItsTimeHasPassed) {
  std::atomic<int> request_count = 0;
  RawServer server{[&](Peer& peer) {
    if (peer.read_request().empty()) return;
    ++request_count;
    peer.send(kAnswer);
  }};
  // As when the process was held up after the deadline had been looked at.
  OutgoingRequest late = to(server.url(), "POST", "b");
  late.send_before = thread.loop.now();
  const auto answer = send(std::move(late));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("not sent: the time to send it had passed"));
  OutgoingRequest in_time = to(server.url(), "POST", "b");
  in_time.send_before = thread.loop.now() + 1h;
  EXPECT_TRUE(send(std::move(in_time)));
  EXPECT_EQ(request_count, 1);
}

TEST_F(CurlTransportTest, TrustsTheBundleItIsGiven) {
  CurlOptions options;
  options.ca_bundle = testing::TempDir() + "blox_no_such_bundle.pem";
  open(options);
  RawServer server{[](Peer& peer) { peer.read_until("never"); }};
  const auto answer = send(to("https" + server.url().substr(4)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("blox_no_such_bundle.pem"));
}

// Answers POST /warm and keeps the connection; executes POST /start and then closes without an
// answer, as ECS would if it died when the tasks were started.
struct Executing {
  std::atomic<int> executions = 0;
  std::function<void()> on_start = [] {};

  void serve(Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty();
         request = peer.read_request()) {
      if (request.starts_with("POST /start")) {
        ++executions;
        return on_start();
      }
      peer.send(kAnswer);
    }
  }
};

TEST_F(CurlTransportTest, AFreshConnectionIsExecutedOnce) {
  Executing executing;
  RawServer server{[&](Peer& peer) { executing.serve(peer); }};
  ASSERT_TRUE(send(to(server.url() + "/warm", "POST", "{}")));  // Leaves one to be reused.
  OutgoingRequest start = to(server.url() + "/start", "POST", "{}");
  start.fresh_connection = true;
  const auto answer = send(std::move(start));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(executing.executions, 1);
}

// Why fresh_connection is there. Fails once libcurl stops to send again, which would be good news.
TEST_F(CurlTransportTest, AReusedConnectionIsExecutedTwice) {
  Executing executing;
  RawServer server{[&](Peer& peer) { executing.serve(peer); }};
  ASSERT_TRUE(send(to(server.url() + "/warm", "POST", "{}")));
  EXPECT_EQ(send(to(server.url() + "/start", "POST", "{}")).error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(executing.executions, 2);
}

TEST_F(CurlTransportTest, AResendThatCannotConnectIsStillUnknown) {
  Executing executing;
  RawServer* listening = nullptr;
  executing.on_start = [&] { listening->stop_accepting(); };
  RawServer server{[&](Peer& peer) { executing.serve(peer); }};
  listening = &server;
  ASSERT_TRUE(send(to(server.url() + "/warm", "POST", "{}")));
  EXPECT_EQ(send(to(server.url() + "/start", "POST", "{}")).error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(executing.executions, 1);
}

TEST_F(CurlTransportTest, BoundsWhatIsUnderWay) {
  CurlOptions options;
  options.transfer_count_max = 1;
  open(options);
  RawServer server{[](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    peer.read_until("never");
  }};
  auto lines = open_lines(server.url());
  ASSERT_TRUE(lines);
  const auto second = send(to(server.url()));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("more than 1"));
  drop(std::move(*lines));
}

TEST_F(CurlTransportTest, GivesLinesUntilThePeerCloses) {
  RawServer server{[](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("5\r\none\nt\r\n3\r\nwo\n\r\n4\r\npart\r\n");
  }};
  auto lines = open_lines(server.url());
  ASSERT_TRUE(lines) << lines.error().message;
  std::vector<std::string> all;
  auto some = next(**lines);
  for (; some; some = next(**lines)) all.insert(all.end(), some->begin(), some->end());
  EXPECT_EQ(all, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(some.error().kind, ErrorKind::kUnavailable);
  drop(std::move(*lines));
}

TEST_F(CurlTransportTest, ClosesTheConnectionOfADroppedStreamAndOfADroppedCall) {
  std::promise<void> called;
  std::promise<void> ended[2];
  std::atomic<int> count = 0;
  RawServer server{[&](Peer& peer) {
    peer.read_request();
    const int mine = count++;
    if (mine == 0) peer.send("HTTP/1.1 200 OK\r\n\r\none\n");
    if (mine == 1) called.set_value();
    peer.read_until("never");
    ended[mine].set_value();
  }};
  auto lines = open_lines(server.url());
  EXPECT_EQ(next(**lines).value(), std::vector<std::string>{"one"});
  drop(std::move(*lines));
  EXPECT_EQ(ended[0].get_future().wait_for(4s), std::future_status::ready);

  auto scope = thread.call([&] {
    auto made = std::make_unique<Scope>(thread.loop);
    made->spawn(forget(transport->send(to(server.url()))));
    return made;
  });
  called.get_future().wait();
  thread.call([&] { scope.reset(); });
  EXPECT_EQ(ended[1].get_future().wait_for(4s), std::future_status::ready);
}

TEST_F(CurlTransportTest, EndsAStreamOnWhichNothingComes) {
  RawServer server{[](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\npart");
    peer.read_until("never");
  }};
  auto lines = open_lines(server.url(), 30ms);
  EXPECT_THAT(next(**lines).error().message, HasSubstr("nothing came for 30ms"));
  drop(std::move(*lines));
}

TEST_F(CurlTransportTest, ReadsNoMoreThanTheBoundAhead) {
  constexpr int kLines = 64;
  const std::string line = std::string(256 << 10, 'x') + "\n";
  CurlOptions options;
  options.waiting_bytes_max = 1 << 20;
  open(options);
  std::atomic<int> sent = 0;
  std::promise<void> all_sent;
  RawServer server{[&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    for (; sent < kLines && peer.send(line); ++sent) {
    }
    all_sent.set_value();
    peer.read_until("never");
  }};
  auto lines = open_lines(server.url());
  // Not more than the bound and what the kernel holds can have been sent, however long it takes.
  auto future = all_sent.get_future();
  EXPECT_EQ(future.wait_for(100ms), std::future_status::timeout);
  int received = 0;
  while (received < kLines) {
    const auto some = next(**lines);
    ASSERT_TRUE(some) << some.error().message;
    // The bound's four lines, and what was left of one before: whenever it is asked.
    EXPECT_LE(some->size(), 5u);
    for (const auto& each : *some) EXPECT_EQ(each.size() + 1, line.size());
    received += static_cast<int>(some->size());
  }
  EXPECT_EQ(received, kLines);
  drop(std::move(*lines));
}

TEST_F(CurlTransportTest, SaysWhyThereIsNoStream) {
  RawServer server{[](Peer& peer) {
    const std::string request = peer.read_request();
    const std::string status = request.substr(5, 3);
    if (status == "000") {
      peer.read_until("never");
      return;
    }
    peer.send("HTTP/1.1 " + status + " X\r\nContent-Length: 3\r\n\r\nwhy");
  }};
  const std::pair<const char*, ErrorKind> rows[] = {
      {"404", ErrorKind::kNotFound},    {"410", ErrorKind::kCompacted},
      {"400", ErrorKind::kInvalid},     {"503", ErrorKind::kUnavailable},
      {"204", ErrorKind::kUnavailable},
  };
  for (const auto& [status, kind] : rows) {
    const auto lines = open_lines(server.url() + "/" + status);
    ASSERT_FALSE(lines) << status;
    EXPECT_EQ(lines.error().kind, kind) << status;
    EXPECT_THAT(lines.error().message, HasSubstr(std::string{"answered "} + status));
  }
  OutgoingRequest silent = to(server.url() + "/000");
  silent.deadline = 30ms;
  const auto lines = thread.await(transport->open_lines(std::move(silent), 10s));
  EXPECT_EQ(lines.error().kind, ErrorKind::kUnavailable);
}

TEST_F(CurlTransportTest, EndingItEndsCallsAndStreams) {
  std::promise<void> asked;
  RawServer server{[&](Peer& peer) {
    if (peer.read_request().starts_with("POST")) {
      asked.set_value();
    } else {
      peer.send("HTTP/1.1 200 OK\r\n\r\n");
    }
    peer.read_until("never");
  }};
  auto lines = open_lines(server.url());
  ASSERT_TRUE(lines);
  std::promise<Result<Answer>> answered;
  auto scope = thread.call([&] {
    auto made = std::make_unique<Scope>(thread.loop);
    made->spawn(keep(transport->send(to(server.url(), "POST", "b")), answered));
    return made;
  });
  asked.get_future().wait();
  thread.call([&] { transport.reset(); });
  EXPECT_EQ(answered.get_future().get().error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(next(**lines).error().kind, ErrorKind::kUnavailable);
  drop(std::move(*lines));
  thread.call([&] { scope.reset(); });
}

}  // namespace
}  // namespace blox::http
