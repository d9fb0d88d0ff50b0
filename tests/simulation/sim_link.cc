#include "simulation/sim_link.h"

#include <deque>
#include <map>
#include <utility>

#include "base/scope.h"
#include "base/signal.h"
#include "http/local_transport.h"

namespace blox::simulation {

// What passes between a caller and the served process: one answer, or lines. It belongs to both,
// so that either may die first.
struct SimLink::Pipe {
  Pipe(Executor& executor, std::uint64_t named) : number(named), changed(executor) {}
  const std::uint64_t number;
  Signal changed;
  std::optional<Result<http::Answer>> answer;
  bool opened = false;
  std::deque<std::string> lines;
  std::optional<Error> end;

  void finish(Error error) {
    if (!end) end = std::move(error);
    changed.notify_all();
  }
};

// One life of the served process. Its coroutines run inside that process and die with it.
class SimLink::Session {
 public:
  Session(Executor& executor, http::Handler& handler)
      : executor_(executor), transport_(executor, handler) {}

  std::shared_ptr<Pipe> start_call(http::OutgoingRequest request) {
    auto [pipe, scope] = make_pipe();
    scope->spawn(carry(std::move(request), pipe));
    return pipe;
  }
  std::shared_ptr<Pipe> start_lines(http::OutgoingRequest request, Duration idle_max) {
    auto [pipe, scope] = make_pipe();
    scope->spawn(pump(std::move(request), idle_max, pipe));
    return pipe;
  }
  void close(const Pipe& pipe) { pipes_.erase(pipe.number); }
  std::uint64_t break_off(bool streams_only) {
    std::uint64_t broken = 0;
    for (auto place = pipes_.begin(); place != pipes_.end();) {
      const auto pipe = place->second.pipe;
      if (streams_only && !pipe->opened) {
        ++place;
        continue;
      }
      broken += pipe->opened ? 1 : 0;
      place = pipes_.erase(place);
      pipe->finish(Error{pipe->opened ? ErrorKind::kUnavailable : ErrorKind::kUnknown,
                         "the connection broke off"});
    }
    return broken;
  }

 private:
  struct Entry {
    std::shared_ptr<Pipe> pipe;
    std::unique_ptr<Scope> scope;
  };

  std::pair<std::shared_ptr<Pipe>, Scope*> make_pipe() {
    auto pipe = std::make_shared<Pipe>(executor_, ++last_number_);
    auto scope = std::make_unique<Scope>(executor_);
    Scope* const running = scope.get();
    pipes_.emplace(pipe->number, Entry{pipe, std::move(scope)});
    return {std::move(pipe), running};
  }

  Async<void> carry(http::OutgoingRequest request, std::shared_ptr<Pipe> pipe) {
    pipe->answer.emplace(co_await transport_.send(std::move(request)));
    pipe->changed.notify_all();
  }

  Async<void> pump(http::OutgoingRequest request, Duration idle_max, std::shared_ptr<Pipe> pipe) {
    auto stream = co_await transport_.open_lines(std::move(request), idle_max);
    if (!stream) {
      pipe->finish(stream.error());
      co_return;
    }
    pipe->opened = true;
    pipe->changed.notify_all();
    for (;;) {
      auto lines = co_await (*stream)->next();
      if (!lines) {
        pipe->finish(lines.error());
        co_return;
      }
      for (auto& line : *lines) pipe->lines.push_back(std::move(line));
      pipe->changed.notify_all();
    }
  }

  Executor& executor_;
  http::LocalTransport transport_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Entry> pipes_;
};

class SimLink::Lines final : public http::LineStream {
 public:
  Lines(Executor& executor, std::weak_ptr<Session> session, std::shared_ptr<Pipe> pipe)
      : executor_(executor), session_(std::move(session)), pipe_(std::move(pipe)) {}
  ~Lines() override {
    // Not from here: the other process is not on this stack.
    executor_.post([session = session_, pipe = pipe_] {
      if (const auto living = session.lock()) living->close(*pipe);
    });
  }

  Async<Result<std::vector<std::string>>> next() override {
    while (pipe_->lines.empty() && !pipe_->end) co_await pipe_->changed.wait();
    if (pipe_->lines.empty()) co_return std::unexpected(*pipe_->end);
    std::vector<std::string> lines{pipe_->lines.begin(), pipe_->lines.end()};
    pipe_->lines.clear();
    co_return lines;
  }

 private:
  Executor& executor_;
  std::weak_ptr<Session> session_;
  std::shared_ptr<Pipe> pipe_;
};

void SimLink::connect(http::Handler& handler) {
  disconnect();
  session_ = std::make_shared<Session>(executor_, handler);
}

void SimLink::disconnect() {
  if (const auto session = std::exchange(session_, nullptr)) {
    broken_stream_count_ += session->break_off(/*streams_only=*/false);
  }
}

void SimLink::break_streams() {
  if (session_) broken_stream_count_ += session_->break_off(/*streams_only=*/true);
}

Async<Result<http::Answer>> SimLink::send(http::OutgoingRequest request) {
  co_await sleep_for(executor_, draw_latency());
  const auto session = session_;
  if (!session) co_return fail(ErrorKind::kUnavailable, "connection refused");
  const auto pipe = session->start_call(std::move(request));
  while (!pipe->answer && !pipe->end) co_await pipe->changed.wait();
  if (!pipe->answer) co_return std::unexpected(*pipe->end);
  session->close(*pipe);
  co_await sleep_for(executor_, draw_latency());
  co_return std::move(*pipe->answer);
}

Async<Result<std::unique_ptr<http::LineStream>>> SimLink::open_lines(http::OutgoingRequest request,
                                                                     Duration idle_max) {
  co_await sleep_for(executor_, draw_latency());
  const auto session = session_;
  if (!session) co_return fail(ErrorKind::kUnavailable, "connection refused");
  const auto pipe = session->start_lines(std::move(request), idle_max);
  auto lines = std::make_unique<Lines>(executor_, session, pipe);
  while (!pipe->opened && !pipe->end) co_await pipe->changed.wait();
  if (!pipe->opened) {
    co_return fail(is_outcome_known(pipe->end->kind) ? pipe->end->kind : ErrorKind::kUnavailable,
                   pipe->end->message);
  }
  co_return lines;
}

}  // namespace blox::simulation
