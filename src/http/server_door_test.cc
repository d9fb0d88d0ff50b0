// The front door over real sockets, with the limits that ship: what one peer must not be able to do
// to the others.
#include <fcntl.h>

#include <atomic>

#include "http/server.h"
#include "http/server_for_tests.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kPost = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";

TEST_F(ServerTest, SurvivesATrailerThatTheParserThrowsFor) {
  open();
  EXPECT_THAT(ask(kPost + "Transfer-Encoding: chunked\r\n\r\n0\r\na: " + std::string(65'600, 'x') +
                  "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(ask(kHello + "GET /hello HTTP/1.0\r\n\r\n"), HasSubstr("hello"));
}

TEST_F(ServerTest, RefusesAHeadWithoutEndWhosePiecesEndWithinFields) {
  open();
  Peer peer = connect();
  peer.send("GET /hello HTTP/1.1\r\na");
  std::string segment = ":\r\n";
  for (int i = 0; i < 40; ++i) segment += "a:\r\n";
  segment += "a";
  // Until refused; far more than the limit would be taken otherwise.
  std::size_t sent = 0;
  while (sent < (4 << 20) && peer.send(segment)) {
    sent += segment.size();
    thread.call([] {});
  }
  EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 431"));
}

TEST_F(ServerTest, DoesNotExecuteABodyThatItCannotFrame) {
  open();
  const std::string answer = ask(kPost + "Transfer-Encoding: chunked, identity\r\n\r\n" + kHello);
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("Transfer-Encoding"),
                            Not(HasSubstr("hello"))));
}

TEST_F(ServerTest, AsksForNoBodyThatItWillNotTake) {
  router.add("POST", "/ten",
             [](RequestContext) -> Async<Response> { co_return make_text(200, ""); },
             {.body_bytes_max = 10});
  open();
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n";
  EXPECT_THAT(ask("POST /ten HTTP/1.1\r\nHost: localhost\r\n" + expect),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: evil.example\r\n" + expect),
              StartsWith("HTTP/1.1 403"));
  Peer peer = connect();
  peer.send(kPost + "Connection: close\r\n" + expect);
  EXPECT_THAT(peer.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  peer.send("hello world");
  EXPECT_THAT(peer.read_all(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("hello world")));
}

TEST_F(ServerTest, TakesOneFormOfTargetAlone) {
  open();
  EXPECT_THAT(ask("GET http://LOCALHOST:80/hello HTTP/1.1\r\nHost: localhost\r\n"
                  "Connection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("GET http://other/hello HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("'other'")));
}

TEST_F(ServerTest, BoundsWhatUnfinishedBodiesTake) {
  ServerOptions options;
  // What holds little may have what is left; the body of 40,000 bytes below is more than that.
  options.budgets = budgets({.request_bytes = 600'000, .peer_small_count = 0});
  open(options);
  std::vector<Peer> peers;
  for (int i = 0; i < 20; ++i) {
    Peer peer = connect();
    peer.send(kPost + "Content-Length: 40001\r\n\r\n" + std::string(40'000, 'x'));
    for (int turn = 0; turn < 8; ++turn) thread.call([] {});
    peers.push_back(std::move(peer));
  }
  EXPECT_LE(used(options.budgets->request_bytes), 600'000u);
  EXPECT_GE(used(options.budgets->request_bytes), 100'000u);
  EXPECT_THAT(peers.back().read_all(),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 2\r\n"),
                    HasSubstr("600000 bytes in all")));
  // Small requests are taken all the same, and what ends gives its part back.
  EXPECT_THAT(ask("GET /hello HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  peers.front().send("x");
  EXPECT_THAT(peers.front().read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  peers.clear();
  while (used(options.budgets->request_bytes) > 0) continue;
}

TEST_F(ServerTest, CountsABodyAsLongAsItsRequestIsAnswered) {
  add_waiting("POST", "/hang", "done");
  ServerOptions options;
  options.budgets = budgets({});
  open(options);
  Peer peer = connect();
  peer.send("POST /hang HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000\r\n\r\n" +
            std::string(40'000, 'x'));
  hanging.get_future().wait();
  EXPECT_GE(used(options.budgets->request_bytes), 40'000u);
  let_go();
  peer.read_until("done");
  while (used(options.budgets->request_bytes) > 0) continue;
}

TEST_F(ServerTest, CountsLargeAnswersUntilTheyAreRead) {
  router.add("GET", "/large", [](RequestContext) -> Async<Response> {
    co_return make_text(200, std::string(8 << 20, 'x'));
  });
  router.add("POST", "/large", [](RequestContext) -> Async<Response> {
    co_return make_text(200, std::string(8 << 20, 'x'));
  });
  ServerOptions options;
  options.budgets = budgets({.request_bytes = 20 << 20, .peer_small_count = 0});
  open(options);
  Peer slow = connect(/*receive_bytes=*/4096);
  slow.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  slow.read_until("200 OK");
  EXPECT_GE(used(options.budgets->request_bytes), std::size_t{8} << 20);
  EXPECT_THAT(ask("GET /large HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 503"));
  // Of what was done the peer hears.
  EXPECT_THAT(ask("POST /large HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  slow.close();
  while (used(options.budgets->request_bytes) > 0) continue;
  EXPECT_THAT(ask("GET /large HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, GivesNoAddressAllConnections) {
  ServerOptions options;
  options.budgets = budgets({.connection_count = 40, .peer_small_count = 4});
  open(options);
  std::vector<Peer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(connect());
    peers.back().send(kHello);
    EXPECT_THAT(peers.back().read_until("hello"), StartsWith("HTTP/1.1 200")) << i;
  }
  EXPECT_THAT(ask(""), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("of one address"),
                             HasSubstr("Retry-After: 2\r\n")));
  // Another address of the loopback network is the same peer.
  EXPECT_THAT(Peer::connect_to(address, 0, "127.0.0.2").read_all(), StartsWith("HTTP/1.1 503"));
  peers.pop_back();
  while (used(options.budgets->connections) == 20) continue;
  EXPECT_THAT(ask("GET /hello HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

// The answer to what was done has to be heard of, whatever its peer sends behind it.
TEST_F(ServerTest, AnswersAlthoughThereIsNoRoomForWhatIsSentAhead) {
  add_waiting("POST", "/wait", "done");
  ServerOptions options = looks_often();
  options.budgets = budgets({.request_bytes = 1'000, .peer_small_count = 0});
  open(options);
  Peer peer = connect();
  peer.send("POST /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  hanging.get_future().wait();
  peer.send(std::string(12'000, 'x'));
  for (int turn = 0; turn < 3; ++turn) EXPECT_EQ(ask(""), "");  // Looks were taken meanwhile.
  let_go();
  EXPECT_THAT(peer.read_until("done"), StartsWith("HTTP/1.1 200"));
}

// Nor does it keep a handler whose peer has gone.
TEST_F(ServerTest, SeesThePeerLeaveAlthoughThereIsNoRoom) {
  ServerOptions options = looks_often();
  options.budgets = budgets({.request_bytes = 1'000, .peer_small_count = 0});
  open(options);
  Peer peer = connect();
  peer.send("GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n");
  hanging.get_future().wait();
  peer.send(std::string(12'000, 'x'));
  for (int turn = 0; turn < 3; ++turn) EXPECT_EQ(ask(""), "");  // Looks were taken meanwhile.
  peer.reset();
  EXPECT_EQ(hang_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, CountsMemoryAsThatOfTheClientBehindAProxy) {
  add_waiting("POST", "/hang", "done");
  ServerOptions options;
  options.budgets = budgets({.request_bytes = 300'000, .peer_small_count = 0});
  options.trusted_proxies = {"127.0.0.1"};
  open(options);
  const auto post = [](const std::string& client) {
    return "POST /hang HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + client +
           "\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'x');
  };
  Peer first = connect();
  first.send(post("9.9.9.1"));
  hanging.get_future().wait();
  // The same client has its part; another has one of its own.
  EXPECT_THAT(ask(post("9.9.9.1")), StartsWith("HTTP/1.1 503"));
  hanging = {};
  Peer other = connect();
  other.send(post("9.9.9.2"));
  hanging.get_future().wait();
  let_go();
  EXPECT_THAT(other.read_until("done"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, KeepsMostReadsOfTheStoreOut) {
  std::atomic<int> reading = 0;
  router.add("GET", "/read",
             [&](RequestContext) -> Async<Response> {
               ++reading;
               while (!release.released) co_await release.changed.wait();
               co_return make_text(200, "read");
             },
             {.cost = Cost::kStore});
  ServerOptions options;
  options.budgets = budgets({.store_read_count = 2});
  open(options);
  const std::string read = "GET /read HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<Peer> peers;
  for (int i = 0; i < 2; ++i) {
    peers.push_back(connect());
    peers.back().send(read);
  }
  while (reading < 2) thread.call([] {});
  peers.push_back(connect());
  peers.back().send(read);
  EXPECT_THAT(peers.back().read_until("try again"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 2\r\n")));
  peers.front().reset();  // Who leaves makes room.
  while (used(options.budgets->store_reads) > 1) continue;
  let_go();
  peers.back().send(read);
  EXPECT_THAT(peers.back().read_until("read"), HasSubstr("200 OK"));
}

// Lines of the past are read for one reader alone, so its peer pays for them.
TEST_F(ServerTest, EndsAStreamWhoseLinesThereIsNoRoomFor) {
  router.add("GET", "/past", [](RequestContext) -> Async<Response> {
    class Past final : public BodyStream {
     public:
      Async<Result<Slices>> next() override {
        auto owner = std::make_shared<const std::string>(100'000, 'x');
        const std::string_view bytes{*owner};
        co_return Slices{{.owner = std::move(owner), .bytes = bytes}};
      }
    };
    Response response = make_text(200, "");
    response.body = std::make_unique<Past>();
    co_return response;
  });
  ServerOptions options;
  options.budgets = budgets({.request_bytes = 150'000, .peer_small_count = 0});
  open(options);
  EXPECT_THAT(ask("GET /past HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              AllOf(HasSubstr("Transfer-Encoding: chunked"), Not(HasSubstr("xxx"))));
  EXPECT_EQ(used(options.budgets->request_bytes), 0u);
}

TEST_F(ServerTest, HoldsNothingOfWhatItRefused) {
  ServerOptions options;
  options.budgets = budgets({});
  open(options);
  Peer peer = connect();
  peer.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
            std::string("c350\r\n") + std::string(50'000, 'x'));
  while (used(options.budgets->request_bytes) < 50'000) continue;
  peer.send("broken");
  EXPECT_THAT(peer.read_until("chunk"), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(used(options.budgets->request_bytes), 0u);  // And it lingers still.
}

TEST_F(ServerTest, CountsStreamsByWhomATrustedProxySpeaksFor) {
  stream_lines = {"one\n"};
  stream_ends = false;
  ServerOptions options;
  options.budgets = budgets({.stream_count = 4, .peer_small_count = 0});
  options.trusted_proxies = {"127.0.0.0/8"};
  open(options);
  std::vector<Peer> peers;
  const auto ask_stream = [&](const std::string& client) {
    peers.push_back(connect());
    peers.back().send("GET /stream HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + client +
                      "\r\n\r\n");
    return peers.back().read_until("one");
  };
  EXPECT_THAT(ask_stream("9.9.9.1"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask_stream("9.9.9.1"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask_stream("9.9.9.1"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Too many streams of")));
  EXPECT_THAT(ask_stream("8.8.8.8, 9.9.9.2"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, RefusesTrustedProxiesThatAreNone) {
  thread.call([&] {
    ServerOptions options;
    options.trusted_proxies = {"10.0.0.0/8", "proxy.example"};
    const auto opened = Server::open(thread.loop, options, router, metrics);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("'proxy.example'"));
  });
}

// Who sends on into an endless answer cannot be seen to leave.
TEST_F(ServerTest, EndsAStreamWhosePeerSendsOnAndOn) {
  std::promise<void> stream_gone;
  gone = &stream_gone;
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer peer = connect();
  peer.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  peer.read_until("one\n");
  peer.send(std::string(120'000, 'x'));
  EXPECT_EQ(stream_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, AStreamThatWasAskedForWithMuchBehindItEndsToo) {
  std::promise<void> stream_gone;
  gone = &stream_gone;
  stream_lines = {"one\n"};
  stream_ends = false;
  open();
  Peer peer = connect();
  peer.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(40'000, 'x'));
  EXPECT_EQ(stream_gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ServerTest, LeavesNoSocketToProgramsThatAreStarted) {
  open();
  Peer peer = connect();
  peer.send(kHello);
  peer.read_until("hello");
  // All sockets of this process but those of the test's own peers, which have no flags set.
  int kept = 0;
  for (int descriptor = 3; descriptor < 256; ++descriptor) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) continue;
    sockaddr_in local{};
    size = sizeof local;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size);
    if (address != "127.0.0.1:" + std::to_string(ntohs(local.sin_port))) continue;
    EXPECT_NE(fcntl(descriptor, F_GETFD) & FD_CLOEXEC, 0) << descriptor;
    ++kept;
  }
  EXPECT_EQ(kept, 2);  // What listens, and what was accepted.
}

}  // namespace
}  // namespace blox::http
