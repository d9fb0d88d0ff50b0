// Calls to a handler of the same process, in virtual time.
#include "http/local_transport.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/signal.h"
#include "base/sim_loop.h"
#include "http/router.h"

namespace blox::http {
namespace {

using namespace std::chrono_literals;

// What the test pushes, the handler's stream gives; "" ends it.
struct Feed {
  explicit Feed(Executor& executor) : changed(executor) {}
  void push(std::string bytes) {
    waiting.push_back(std::move(bytes));
    changed.notify_all();
  }
  Signal changed;
  std::deque<std::string> waiting;
  int streams = 0;
};

class FeedStream final : public BodyStream {
 public:
  explicit FeedStream(Feed& feed) : feed_(feed) { ++feed_.streams; }
  ~FeedStream() override { --feed_.streams; }
  Async<Result<Slices>> next() override {
    EXPECT_FALSE(std::exchange(asked_, true)) << "asked again before it has answered";
    while (feed_.waiting.empty()) co_await feed_.changed.wait();
    asked_ = false;
    const auto bytes = std::make_shared<const std::string>(std::move(feed_.waiting.front()));
    feed_.waiting.pop_front();
    if (*bytes == "broken") co_return fail(ErrorKind::kInternal, "the disk is gone");
    Slices slices;
    if (!bytes->empty()) slices.push_back(Slice{bytes, *bytes});
    co_return slices;
  }

 private:
  Feed& feed_;
  bool asked_ = false;
};

template <class T>
Async<void> store(Async<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

class LocalTransportTest : public ::testing::Test {
 protected:
  LocalTransportTest() {
    router.add("POST", "/echo", [](RequestContext context) -> Async<Response> {
      const auto header = find_header(context.request.headers, "X-Test").value_or("");
      Response response =
          make_text(201, std::string{header} + context.request.body +
                             std::string{find_query(context.query, "q").value_or("")});
      response.headers.emplace_back("X-Answer", "yes");
      co_return response;
    });
    router.add("GET", "/stream", [this](RequestContext) -> Async<Response> {
      Response response;
      response.body = std::make_unique<FeedStream>(feed);
      co_return response;
    });
    router.add("GET", "/slow", [this](RequestContext) -> Async<Response> {
      co_await sleep_for(loop, 10s);
      co_return make_text(200, "slow");
    });
    router.add("GET", "/gone", [](RequestContext) -> Async<Response> {
      co_return make_text(410, "Entity version is out of range");
    });
  }

  template <class T>
  T await(Async<T> work, Duration limit = 1min) {
    return run_to_end(loop, std::move(work), limit);
  }
  OutgoingRequest get(std::string url) {
    OutgoingRequest request;
    request.url = std::move(url);
    return request;
  }

  SimLoop loop{7};
  Feed feed{loop};
  Router router;
  LocalTransport transport{loop, router};
};

TEST_F(LocalTransportTest, SendsWhateverTheHost) {
  for (const char* url : {"local:/echo?q=!", "http://any:80/echo?q=!", "/echo?q=!"}) {
    OutgoingRequest request = get(url);
    request.method = "POST";
    request.headers = {{"X-Test", "head "}};
    request.body = "body";
    const auto answer = await(transport.send(std::move(request)));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "head body!");
    EXPECT_EQ(find_header(answer->headers, "X-Answer"), "yes");
  }
  EXPECT_EQ(await(transport.send(get("local:echo"))).error().kind, ErrorKind::kInvalid);
}

TEST_F(LocalTransportTest, HoldsTheDeadlineAndTheBound) {
  OutgoingRequest slow = get("local:/slow");
  slow.deadline = 3s;
  const auto answer = await(transport.send(std::move(slow)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(answer.error().message, "GET local:/slow: sent, but no whole answer: none within 3s");
  EXPECT_EQ(loop.now(), TimePoint{3s});

  feed.push("0123456789");
  OutgoingRequest large = get("local:/stream");
  large.answer_bytes_max = 9;
  EXPECT_EQ(await(transport.send(std::move(large))).error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(feed.streams, 0);
}

TEST_F(LocalTransportTest, SendReadsAStreamToItsEnd) {
  feed.push("one");
  feed.push("two");
  feed.push("");
  EXPECT_EQ(await(transport.send(get("local:/stream")))->body, "onetwo");
}

TEST_F(LocalTransportTest, GivesLinesAndKeepsAPartialOne) {
  auto lines = await(transport.open_lines(get("local:/stream"), 10s));
  ASSERT_TRUE(lines);
  feed.push("one\ntw");
  EXPECT_EQ(await((*lines)->next()).value(), std::vector<std::string>{"one"});
  feed.push("o");
  feed.push("\nthree\nfour");
  EXPECT_EQ(await((*lines)->next()).value(), (std::vector<std::string>{"two", "three"}));
  feed.push("");
  const auto end = await((*lines)->next());
  EXPECT_EQ(end.error(), (Error{ErrorKind::kUnavailable, "the peer ended the stream"}));
  EXPECT_EQ(feed.streams, 0);
}

TEST_F(LocalTransportTest, EndsIdleAndBrokenStreams) {
  auto idle = await(transport.open_lines(get("local:/stream"), 10s));
  EXPECT_EQ(await((*idle)->next()).error().message, "nothing came for 10s");
  EXPECT_EQ(feed.streams, 0);

  auto failing = await(transport.open_lines(get("local:/stream"), 10s));
  feed.push("broken");
  EXPECT_EQ(await((*failing)->next()).error().message, "the disk is gone");

  auto broken = await(transport.open_lines(get("local:/stream"), 10s));
  transport.break_streams();
  EXPECT_EQ(await((*broken)->next()).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(feed.streams, 0);
}

TEST_F(LocalTransportTest, ALineIsNotLostWhenTheWaitForItIsGivenUp) {
  auto lines = await(transport.open_lines(get("local:/stream"), 10s));
  {
    std::optional<Result<std::vector<std::string>>> result;
    Scope scope{loop};
    scope.spawn(store((*lines)->next(), result));
    loop.run_for(1s);
  }
  std::optional<Result<std::vector<std::string>>> result;
  Scope scope{loop};
  scope.spawn(store((*lines)->next(), result));
  loop.run_for(1s);
  feed.push("one\n");
  loop.run_for(1s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->value(), std::vector<std::string>{"one"});
}

TEST_F(LocalTransportTest, SaysWhyThereIsNoStream) {
  const auto gone = await(transport.open_lines(get("local:/gone"), 10s));
  EXPECT_EQ(gone.error(), (Error{ErrorKind::kCompacted,
                                 "GET local:/gone: answered 410: Entity version is out of range"}));
  EXPECT_EQ(await(transport.open_lines(get("local:/no"), 10s)).error().kind, ErrorKind::kNotFound);
  OutgoingRequest slow = get("local:/slow");
  slow.deadline = 1s;
  EXPECT_EQ(await(transport.open_lines(std::move(slow), 10s)).error().kind,
            ErrorKind::kUnavailable);
}

TEST_F(LocalTransportTest, StreamsAndCallsMayOutliveIt) {
  auto own = std::make_unique<LocalTransport>(loop, router);
  auto lines = await(own->open_lines(get("local:/stream"), 10s));
  own.reset();
  EXPECT_FALSE(await((*lines)->next()));
}

}  // namespace
}  // namespace blox::http
