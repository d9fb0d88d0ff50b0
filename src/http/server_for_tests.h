// For tests of the server: one on a loop of its own, with handlers that answer, stream and hang.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/signal.h"
#include "http/loopback_for_tests.h"
#include "http/router.h"
#include "http/server.h"

namespace blox::http {

/// Set when a coroutine that waits in a handler, or a stream, is destroyed.
struct Gone {
  std::promise<void>& promise;
  ~Gone() { promise.set_value(); }
};

/// What test streams wait for.
struct Release {
  explicit Release(Executor& executor) : changed(executor) {}
  bool released = false;
  Signal changed;
};

/// Gives its lines, then waits to be released, then ends.
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

/// One text again and again, a piece each time.
class TestFrozenBody final : public FrozenBody {
 public:
  TestFrozenBody(std::shared_ptr<const std::string> piece, std::size_t count)
      : piece_(std::move(piece)), size_(piece_->size() * count), left_(count) {}
  std::size_t size() const override { return size_; }
  Slices next() override {
    if (left_ == 0) return {};
    --left_;
    return Slices{{.owner = piece_, .bytes = *piece_}};
  }

 private:
  std::shared_ptr<const std::string> piece_;
  std::size_t size_;
  std::size_t left_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router.add("GET", "/hello",
               [](RequestContext) -> Async<Response> { co_return make_text(200, "hello"); });
    router.add("GET", "/open",
               [](RequestContext) -> Async<Response> { co_return make_text(200, "open"); },
               {.is_open = true});
    router.add("POST", "/echo", [](RequestContext context) -> Async<Response> {
      co_return make_text(200, context.request.body);
    });
    router.add("GET", "/slices", [this](RequestContext) -> Async<Response> {
      Response response = make_text(200, "");
      response.body = Slices(slice_count, Slice{slice, *slice});
      co_return response;
    });
    router.add("GET", "/frozen", [this](RequestContext) -> Async<Response> {
      Response response = make_text(200, "");
      response.body = std::make_unique<TestFrozenBody>(slice, slice_count);
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
  // Adds a route that keeps `hanging` as soon as it is asked for, and answers after let_go().
  void add_waiting(const std::string& method, const std::string& path, const std::string& text) {
    router.add(method, path, [this, text](RequestContext) -> Async<Response> {
      hanging.set_value();
      while (!release.released) co_await release.changed.wait();
      co_return make_text(200, text);
    });
  }
  // Lets streams and waiting routes end.
  void let_go() {
    thread.call([&] {
      release.released = true;
      release.changed.notify_all();
    });
  }
  // The look at waiting peers comes four times as often as connections become idle.
  static ServerOptions looks_often() {
    ServerOptions options;
    options.limits.idle_max = std::chrono::milliseconds{20};
    return options;
  }
  static std::shared_ptr<ServerBudgets> budgets(const ProcessLimits& limits) {
    return std::make_shared<ServerBudgets>(limits);
  }
  // What is taken of it now, asked where it is changed.
  std::size_t used(const std::shared_ptr<PeerQuota>& quota) {
    return thread.call([&] { return quota->used(); });
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

}  // namespace blox::http
