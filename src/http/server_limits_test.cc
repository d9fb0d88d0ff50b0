// What the server refuses, cuts off and gives up, over real sockets.
#include "http/server.h"

#include "http/server_for_tests.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ServerTest, RefusesWithASentence) {
  ServerOptions options;
  options.limits.head_bytes_max = 1000;
  options.allowed_hosts = {"blox.example", "https://other.example:81"};
  router.add("POST", "/ten",
             [](RequestContext context) -> Async<Response> {
               co_return make_text(200, context.request.body);
             },
             {.body_bytes_max = 10});
  open(options);
  const std::string post = "POST /echo HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n";
  const std::tuple<const char*, std::string, const char*, const char*> rows[] = {
      {"not HTTP", "nonsense\r\n\r\n", "400", "Not a request of HTTP/1.1"},
      {"no Host", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", "400", "Host is missing"},
      {"declared body", "POST /ten HTTP/1.1\r\nHost: localhost\r\nContent-Length: 11\r\n\r\n",
       "413", "larger than 10 bytes"},
      {"chunked body",
       "POST /ten HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
       "b\r\nhello world\r\n0\r\n\r\n",
       "413", "larger than 10 bytes"},
      {"header", "GET / HTTP/1.1\r\nHost: " + std::string(2000, 'x') + "\r\n\r\n", "431",
       "larger than 1000 bytes"},
      {"foreign Host", post + "Host: evil.example\r\n\r\nhi", "403", "'evil.example'"},
      {"foreign Origin", post + "Host: localhost\r\nOrigin: https://evil.example\r\n\r\nhi", "403",
       "'https://evil.example'"},
      {"opaque Origin", post + "Host: localhost\r\nOrigin: null\r\n\r\nhi", "403", "'null'"},
      {"disguised Host", post + "Host: 127.0.0.1.evil.example\r\n\r\nhi", "403", "no name of"},
      {"wrong port", post + "Host: other.example:80\r\n\r\nhi", "403", "no name of"},
      {"own Origin", post + "Host: LOCALHOST:1\r\nOrigin: http://127.0.0.1:9\r\n\r\nhi", "200",
       "hi"},
      {"allowed Host", post + "Host: Blox.example:3000\r\n\r\nhi", "200", "hi"},
      {"allowed with port", post + "Host: other.example:81\r\n\r\nhi", "200", "hi"},
      {"foreign Host of a GET",
       "GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "403",
       "'evil.example'"},
      {"open to all", "GET /open HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
       "200", "open"},
      {"HTTP/1.0 ends by closing", "GET /hello HTTP/1.0\r\n\r\n", "200", "hello"},
  };
  for (const auto& [rule, request, status, text] : rows) {
    const std::string answer = ask(request);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::string{status})) << rule;
    EXPECT_THAT(answer, HasSubstr(text)) << rule;
    EXPECT_THAT(answer, HasSubstr("Connection: close")) << rule;
  }
}

TEST_F(ServerTest, RefusesAChunkHeaderOrTrailerThatNeverEnds) {
  ServerOptions options;
  options.limits.head_bytes_max = 1000;
  open(options);
  const std::string head =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char* start : {"1;", "0\r\nTrailer: "}) {
    EXPECT_THAT(ask(head + start + std::string(100'000, 'x')),
                ::testing::AllOf(StartsWith("HTTP/1.1 431"), HasSubstr("than 1000 bytes")))
        << start;
  }
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheBound) {
  ServerOptions options;
  options.budgets = budgets({.connection_count = 1});
  open(options);
  Peer first = connect();
  first.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(first.read_until("hello"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(""), ::testing::AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("takes 1 at most")));
}

TEST_F(ServerTest, ClosesStillMoreConnectionsWithoutAWord) {
  ServerOptions options;
  options.budgets = budgets({.connection_count = 1});
  open(options);
  std::vector<Peer> peers;
  for (int i = 0; i < 1 + 64; ++i) peers.push_back(connect());
  EXPECT_EQ(ask(""), "");
  EXPECT_THAT(peers.back().read_until("takes 1 at most"), StartsWith("HTTP/1.1 503"));
}

TEST_F(ServerTest, ServersOfOneProcessShareTheirConnections) {
  ServerOptions options;
  options.budgets = budgets({.connection_count = 1});
  open(options);
  std::unique_ptr<Server> other;
  thread.call([&] { other = *Server::open(thread.loop, options, router, metrics); });
  const std::string hello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Peer first = connect();
  first.send(hello);
  first.read_until("hello");
  EXPECT_EQ(thread.call([&] { return server->connection_count(); }), 1u);
  Peer second = Peer::connect_to(other->address());
  EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503"));
  thread.call([&] { server.reset(); });
  Peer third = Peer::connect_to(other->address());
  third.send(hello);
  EXPECT_THAT(third.read_until("hello"), StartsWith("HTTP/1.1 200"));
  thread.call([&] { other.reset(); });
}

TEST_F(ServerTest, RefusesStreamsBeyondTheBound) {
  stream_lines = {"one\n"};
  stream_ends = false;
  ServerOptions options;
  options.budgets = budgets({.stream_count = 1});
  open(options);
  const std::string ask_stream = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Peer first = connect();
  first.send(ask_stream);
  first.read_until("one\n");
  EXPECT_THAT(metrics.to_text(), HasSubstr("blox_http_streams 1"));
  Peer second = connect();
  second.send(ask_stream);
  EXPECT_THAT(second.read_until("limit is 1"), StartsWith("HTTP/1.1 503"));
  let_go();
  first.read_until("0\r\n\r\n");
  second.send(ask_stream);  // The connection was kept, and there is room again.
  EXPECT_THAT(second.read_until("one\n"), HasSubstr("HTTP/1.1 200"));
}

TEST_F(ServerTest, GivesUpAHandlerThatIsNeverReady) {
  ServerOptions options;
  options.limits.answer_max = 20ms;
  open(options);
  EXPECT_THAT(ask("GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              ::testing::AllOf(StartsWith("HTTP/1.1 504"), HasSubstr("within 20ms"),
                               HasSubstr("Connection: close")));
  EXPECT_EQ(hang_gone.get_future().wait_for(0s), std::future_status::ready);
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

TEST_F(ServerTest, CutsOffAPeerThatReadsTooSlowly) {
  slice = std::make_shared<std::string>(1 << 20, 'x');
  slice_count = 256;
  ServerOptions options;
  options.limits.write_max = 20ms;
  options.limits.write_bytes_per_second_min = std::size_t{1} << 40;  // As good as at once.
  open(options);
  Peer peer = connect(/*receive_bytes=*/64 << 10);
  peer.send("GET /slices HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Something is read within every 20 ms, but not all.
  EXPECT_LT(peer.count_all(/*piece_bytes=*/4096), std::size_t{256} << 20);
}

TEST_F(ServerTest, EndsIdleConnections) {
  ServerOptions options;
  options.limits.idle_max = 20ms;
  open(options);
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(ask("GET /hel"), "");
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
