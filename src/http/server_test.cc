// The server over real sockets: plain blocking peers on one side, handlers on the other.
#include "http/server.h"

#include "http/server_for_tests.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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

TEST_F(ServerTest, WritesSlicesWithTheirLength) {
  slice_count = 200;  // More than fit into one gathered write.
  open();
  const std::string answer = ask("GET /slices HTTP/1.0\r\n\r\n");
  std::string body;
  for (int i = 0; i < 200; ++i) body += *slice;
  EXPECT_THAT(answer, EndsWith("Content-Length: 2000\r\nConnection: close\r\n\r\n" + body));
  EXPECT_THAT(
      metrics.to_text(),
      ::testing::AllOf(HasSubstr("blox_http_requests_total{method=\"GET\",status=\"2xx\"} 1"),
                       HasSubstr("blox_http_answer_seconds_count{cost=\"cheap\"} 1")));
}

TEST_F(ServerTest, WritesAFrozenBodyPieceByPieceWithItsLength) {
  open();
  std::string body;
  for (std::size_t i = 0; i < slice_count; ++i) body += *slice;
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const std::string rest = " /frozen HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Peer peer = connect();
  peer.send("HEAD" + rest + "GET" + rest + "GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr(length));
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr(length));
  EXPECT_THAT(peer.read_all(), StartsWith(body + "HTTP/1.1 200 OK"));
}

// An error's text ends in a line end; a HEAD has the status and the length of the GET alone.
TEST_F(ServerTest, AnswersHeadAsGetWithoutTheBody) {
  stream_ends = false;
  ServerOptions options;
  options.budgets = budgets({.stream_count = 1});
  open(options);
  Peer streaming = connect();
  streaming.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  streaming.read_until("\r\n\r\n");
  const std::string close = "Connection: close\r\n\r\n";
  const std::string host = "Host: localhost\r\n";
  const std::pair<std::string, std::string> rows[] = {
      {"/hello HTTP/1.1\r\n" + host, "200"},
      {"/none HTTP/1.1\r\n" + host, "404"},
      {"/stream HTTP/1.1\r\n" + host, "503"},                // No place for another.
      {"/hello HTTP/1.1\r\nHost: evil.example\r\n", "403"},  // Not let in.
      {"/hello HTTP/1.1\r\n" + host + host, "400"},          // Broken.
      {"/hello HTTP/1.1\r\n" + host + "Content-Length: 999999\r\n", "413"},
      {"/" + std::string(9'000, 'x') + " HTTP/1.1\r\n" + host, "414"},
  };
  for (const auto& [request, status] : rows) {
    const std::string whole = without_date(ask("GET " + request + close));
    const std::string head = without_date(ask("HEAD " + request + close));
    EXPECT_THAT(whole, StartsWith("HTTP/1.1 " + status)) << request.substr(0, 60);
    EXPECT_EQ(whole.ends_with('\n'), status != "200") << whole.substr(0, 200);
    EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
  }
}

TEST_F(ServerTest, AStreamThatIsAskedForByHeadGivesItsPlaceBack) {
  ServerOptions options;
  options.budgets = budgets({.stream_count = 1});
  open(options);
  const std::string rest = " /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  for (const char* method : {"HEAD", "HEAD", "GET"}) {
    EXPECT_THAT(ask(method + rest), StartsWith("HTTP/1.1 200")) << method;
  }
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
  let_go();
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

TEST_F(ServerTest, DestroysTheStreamOfAPeerThatSendsNoMore) {
  std::promise<void> stream_gone;
  gone = &stream_gone;
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer peer = connect();
  peer.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  peer.read_until("one\n");
  peer.end_sending();
  EXPECT_THAT(peer.read_all(), ::testing::Not(HasSubstr("0\r\n\r\n")));
  EXPECT_EQ(stream_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, AnswersAPeerThatSendsNoMore) {
  add_waiting("GET", "/wait", "waited");
  open(looks_often());
  Peer peer = connect();
  peer.send(
      "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  peer.end_sending();
  hanging.get_future().wait();
  // An idle connection is ended by a later look than that which sees the end of what `peer` sends.
  EXPECT_EQ(ask(""), "");
  let_go();
  const std::string answers = peer.read_all();
  EXPECT_THAT(answers, HasSubstr("waited"));
  EXPECT_THAT(answers, EndsWith("Connection: close\r\n\r\nhello"));
}

TEST_F(ServerTest, DestroysTheHandlersCoroutineWhenThePeerLeaves) {
  open(looks_often());
  Peer peer = connect();
  peer.send("GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
  hanging.get_future().wait();
  peer.reset();
  EXPECT_EQ(hang_gone.get_future().wait_for(5s), std::future_status::ready);
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
  thread.call([] {});
  EXPECT_EQ(thread.call([&] { return server->connection_count(); }), 0u);
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

}  // namespace
}  // namespace blox::http
