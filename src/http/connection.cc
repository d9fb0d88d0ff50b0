#include "http/connection.h"

#include <algorithm>
#include <coroutine>
#include <optional>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/release.h"
#include "base/scope.h"
#include "http/connection_shares.h"
#include "http/outgoing.h"
#include "http/request_reader.h"
#include "http/response_head.h"

namespace blox::http {
namespace {

// How long the rest of a refused request is read and dropped, so that the refusal is not lost in
// the reset that closing over unread bytes causes. Source: RFC 9112, section 9.6.
constexpr Duration kLingerMax = std::chrono::seconds{2};
constexpr std::size_t kLingerBytesMax = 64 << 20;
// What a peer may send ahead while it is answered.
constexpr std::size_t kAheadBytesMax = 16 << 10;
// What an answer's body holds of its own. What it shares with others is theirs to bound.
std::size_t owned_bytes(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->capacity();
  const auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&response.body);
  return frozen == nullptr ? 0 : (*frozen)->held_bytes();
}

// What no one else holds of a piece of a stream: lines of the past are read for one reader alone.
std::size_t owned_bytes(const Slices& slices) {
  std::size_t bytes = slices.capacity() * sizeof(Slice);
  for (const auto& slice : slices) {
    if (slice.owner.use_count() == 1) bytes += slice.bytes.size();
  }
  return bytes;
}

ReaderLimits reader_limits(const Limits& limits) {
  ReaderLimits reading;
  reading.head_bytes_max = limits.head_bytes_max;
  reading.chunk_bytes_max = std::min(limits.head_bytes_max, reading.chunk_bytes_max);
  return reading;
}

class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::unique_ptr<Channel> channel, std::shared_ptr<ServerContext> context)
      : channel_(std::move(channel)),
        context_(std::move(context)),
        reader_(reader_limits(context_->limits)),
        shares_(*context_->budgets, context_->trusted_proxies, channel_->peer()),
        scope_(std::in_place, context_->loop) {}

  void start(std::optional<Response> refusal) {
    context_->metrics.add_connection();
    if (refusal) {
      response_ = *std::move(refusal);
      scope_->spawn(refuse());
    } else {
      scope_->spawn(serve());
    }
  }

  void abort() override {
    if (aborted_) return;
    aborted_ = true;
    const auto self = shared_from_this();
    channel_->close();
    read_waiter_ = write_waiter_ = nullptr;
    scope_.reset();
    drop_response();
    context_->metrics.remove_connection();
    context_->forget(*this);
  }

  void tick(TimePoint now) override {
    if (now >= deadline_) return phase_ == Phase::kAnswering ? time_out() : abort();
    if (phase_ == Phase::kAnswering) start_read();
  }

  void end_soon() override {
    if (phase_ == Phase::kIdle) return abort();
    if (phase_ != Phase::kStreaming) return;
    scope_.emplace(context_->loop);  // Destroys the coroutine that waits for the stream.
    drop_response();
    scope_->spawn(end_stream());
  }

  void on_read(ChannelEnd end, std::string_view bytes) override {
    if (aborted_) return;
    reading_ = false;
    read_ended_ = end != ChannelEnd::kOpen;
    if (phase_ == Phase::kLingering) {
      lingered_bytes_ += bytes.size();
    } else {
      reader_.feed(bytes);
    }
    if (const auto waiting = std::exchange(read_waiter_, nullptr)) return waiting.resume();
    const bool is_streaming = phase_ == Phase::kStreaming;
    if (phase_ != Phase::kAnswering && !is_streaming) return;
    // A peer may end its sending side and wait for the answer.
    const bool has_left = read_ended_ && (is_streaming || end != ChannelEnd::kEnded);
    const bool is_too_much = is_far_ahead() || !has_room();
    if (has_left || (is_streaming && is_too_much)) return abort();
    if (!is_too_much) start_read();  // Else no more is read; the answer under way goes on.
  }

  void on_written(ChannelEnd end, std::size_t bytes) override {
    if (aborted_) return;
    write_failed_ = end != ChannelEnd::kOpen;
    context_->metrics.count_sent(bytes);
    sent_bytes_ += bytes;
    outgoing_.advance(bytes);
    if (const auto waiting = std::exchange(write_waiter_, nullptr)) waiting.resume();
  }

 private:
  enum class Phase { kIdle, kReading, kAnswering, kStreaming, kWriting, kLingering };
  enum class Read { kDone, kRefused, kGone };

  // Suspends until `slot` is resumed by a completion; `abort` forgets it.
  struct Suspend {
    std::coroutine_handle<>& slot;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { slot = waiting; }
    void await_resume() const noexcept {}
  };

  Async<void> serve() {
    for (bool keep_alive = true; keep_alive && !context_->stopping;) {
      Read read = co_await read_until(RequestReader::State::kHeadThere);
      if (read == Read::kDone) read = co_await read_admitted_body();
      if (read == Read::kGone) break;
      if (read == Read::kRefused) {
        co_await write_refusal();
        break;
      }
      keep_alive = co_await answer();
    }
    end();
  }

  // Writes `response_` as the last answer.
  Async<void> refuse() {
    co_await write_refusal();
    end();
  }

  // A handler that never answers would hold its connection for ever.
  void time_out() {
    scope_.emplace(context_->loop);  // Destroys the handler's coroutine where it waits.
    shares_.give_back_store_read();
    response_ = make_text(504, "No answer was ready within " +
                                   format_duration(context_->limits.answer_max) +
                                   "; it is not known what was done");
    scope_->spawn(refuse());
  }

  void drop_response() {
    release(response_);
    release(piece_);
    outgoing_.clear();
    shares_.give_back_places();
    streaming_.reset();
  }

  Async<void> end_stream() {
    phase_ = Phase::kWriting;
    outgoing_.begin(chunked_ ? "0\r\n\r\n" : "");
    allow_time(outgoing_.bytes());
    co_await flush();
    end();
  }

  // The coroutine that calls this is destroyed by abort, so not from within it.
  void end() {
    phase_ = Phase::kLingering;
    context_->loop.post([self = shared_from_this()] { self->abort(); });
  }

  // Reads until the reader is in state `wanted`, or cannot get there.
  Async<Read> read_until(RequestReader::State wanted) {
    if (wanted == RequestReader::State::kHeadThere) {
      phase_ = Phase::kIdle;
      deadline_ = context_->loop.now() + context_->limits.idle_max;
    }
    for (;;) {
      const auto state = reader_.advance();
      if (state == RequestReader::State::kRefused) {
        response_ = reader_.take_refusal();
        co_return Read::kRefused;
      }
      if (!count_memory()) co_return Read::kRefused;
      if (state == wanted) co_return Read::kDone;
      if (read_ended_) co_return Read::kGone;
      start_read();
      co_await Suspend{read_waiter_};
      if (phase_ == Phase::kIdle && reader_.has_begun()) {
        phase_ = Phase::kReading;
        deadline_ = context_->loop.now() + context_->limits.idle_max;
      }
    }
  }

  // Lets the request in whose head is there, and reads its body.
  Async<Read> read_admitted_body() {
    phase_ = Phase::kReading;
    Request& request = reader_.request();
    request.client = context_->trusted_proxies.client_of(channel_->peer(), request.headers);
    if (!shares_.move_to(request.client)) {
      response_ = shares_.no_room();
      co_return Read::kRefused;
    }
    route_ = &context_->handler.route_of(request);
    auto admitted = context_->admission.admit(request, *route_);
    if (!admitted) {
      log::debug("http", "{} {} from {} refused", request.method, request.target,
                 request.client.to_text());
      response_ = std::move(admitted.error());
      co_return Read::kRefused;
    }
    request.principal = *std::move(admitted);
    const auto state = reader_.begin_body(route_->body_bytes_max);
    if (state == RequestReader::State::kBody && reader_.expects_continue() &&
        reader_.waiting_bytes() == 0 && !co_await write_continue()) {
      co_return Read::kGone;
    }
    co_return co_await read_until(RequestReader::State::kWhole);
  }

  Async<bool> write_continue() {
    const TimePoint deadline = deadline_;
    outgoing_.begin("HTTP/1.1 100 Continue\r\n\r\n");
    allow_time(outgoing_.bytes());
    const bool sent = co_await flush();
    phase_ = Phase::kReading;
    deadline_ = deadline;
    co_return sent;
  }

  // Counts what is held. False when there is no room for it.
  bool has_room() { return shares_.hold(reader_.held_bytes() + answered_bytes_); }

  // As has_room; if not, `response_` says so.
  bool count_memory() {
    if (has_room()) return true;
    response_ = shares_.no_room();
    return false;
  }

  // Large answers are counted like requests. Where there is no room the client is told to come
  // again, unless something was changed, of which it has to hear.
  void count_answer(std::string_view method) {
    answered_bytes_ = owned_bytes(response_);
    if ((method == "GET" || method == "HEAD") && !count_memory()) answered_bytes_ = 0;
  }

  Async<Response> ask_handler(Request request) {
    if (route_->cost == Cost::kStore) {
      if (auto refusal = shares_.take_store_read(request.client)) co_return *std::move(refusal);
    }
    Response response = co_await context_->handler.handle(std::move(request));
    shares_.give_back_store_read();
    co_return response;
  }

  // Where there is no place for `response_`, a stream, it becomes an answer that says so.
  void take_stream_place(const PeerAddress& client) {
    if (!std::holds_alternative<std::unique_ptr<BodyStream>>(response_.body)) return;
    if (auto refusal = shares_.take_stream(client)) {
      response_ = *std::move(refusal);
    } else {
      streaming_.emplace(context_->metrics);
    }
  }

  // One request, from the handler's work to the last byte. True when the next may come.
  Async<bool> answer() {
    const bool chunks_allowed = reader_.is_http_1_1();  // HTTP/1.0 ends each answer by closing.
    answered_bytes_ = reader_.held_bytes();
    Request request = reader_.take_request();
    const bool head_only = reader_.is_head();
    const std::string method = request.method;
    const bool is_logged = log::is_on(log::Level::kDebug);
    const std::string target = is_logged ? request.target : std::string{};
    const PeerAddress client = request.client;
    const TimePoint asked_at = context_->loop.now();
    phase_ = Phase::kAnswering;
    deadline_ = asked_at + context_->limits.answer_max;
    response_ = co_await ask_handler(std::move(request));
    count_answer(method);
    take_stream_place(client);  // For HEAD as well, which has the status of GET.
    auto* stream_body = std::get_if<std::unique_ptr<BodyStream>>(&response_.body);
    chunked_ = stream_body != nullptr && chunks_allowed;
    const bool last = context_->stopping || (read_ended_ && reader_.waiting_bytes() == 0);
    const bool keep_alive = reader_.keep_alive() && !last;
    context_->metrics.count_request(method, response_.status);
    sent_bytes_ = 0;
    bool sent = co_await write_head(keep_alive, head_only);
    if (sent && !head_only) {
      if (stream_body != nullptr) {
        sent = co_await stream(**stream_body);
      } else if (auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&response_.body)) {
        sent = co_await write_rest(**frozen);
      }
    }
    if (is_logged) {
      log::debug("http", "{} {} from {}: {} {} bytes{}", method, target, client.to_text(),
                 response_.status, sent_bytes_, sent ? "" : ", broken off");
    }
    if (stream_body == nullptr) {
      context_->metrics.observe_answer(route_->cost, context_->loop.now() - asked_at);
    }
    drop_response();
    reader_.next();
    answered_bytes_ = 0;
    co_return sent&& keep_alive;
  }

  // Head, and body unless it streams, together; of a large one the first piece.
  Async<bool> write_head(bool keep_alive, bool head_only) {
    end_error_text(response_);
    Framing framing;
    framing.date = context_->date();
    framing.keep_alive = keep_alive;
    framing.chunked = chunked_;
    auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&response_.body);
    if (const auto* text = std::get_if<std::string>(&response_.body)) {
      framing.body_bytes = text->size();
    } else if (const auto* slices = std::get_if<Slices>(&response_.body)) {
      framing.body_bytes = bytes_of(*slices);
    } else if (frozen != nullptr) {
      framing.body_bytes = (*frozen)->size();
    }
    outgoing_.begin(format_head(response_, framing));
    if (!head_only && !is_bodiless(response_.status)) {
      if (const auto* text = std::get_if<std::string>(&response_.body)) outgoing_.add(*text);
      if (const auto* slices = std::get_if<Slices>(&response_.body)) outgoing_.add(*slices);
      if (frozen != nullptr) add_piece(**frozen);
    }
    allow_time(framing.body_bytes.value_or(0));
    return flush();
  }

  // Puts the body's next piece behind what there is. False at its end.
  bool add_piece(FrozenBody& body) {
    piece_ = body.next();
    outgoing_.add(piece_);
    return !piece_.empty();
  }

  Async<bool> write_rest(FrozenBody& body) {
    for (;;) {
      outgoing_.begin("");
      if (!add_piece(body)) co_return true;
      if (!co_await flush()) co_return false;
    }
  }

  // False when the body or the peer broke off: the missing last chunk tells the peer. A peer that
  // sends no more has left: nothing else would tell of it while the stream has nothing to say.
  Async<bool> stream(BodyStream& body) {
    while (!context_->stopping) {
      if (read_ended_ || is_far_ahead()) co_return false;
      phase_ = Phase::kStreaming;
      deadline_ = TimePoint::max();
      start_read();  // To see the peer leave.
      Result<Slices> next = co_await body.next();
      if (!next) {
        log::debug("http", "stream broken off: {}", next.error().message);
        co_return false;
      }
      if (next->empty()) break;
      piece_ = *std::move(next);
      const std::size_t bytes = bytes_of(piece_);
      if (bytes == 0) continue;
      answered_bytes_ = owned_bytes(piece_);
      if (!has_room()) {  // The client goes on from what it has.
        log::debug("http", "stream broken off: no room for what it was to be sent");
        co_return false;
      }
      outgoing_.begin(chunked_ ? format_chunk_start(bytes) : "");
      outgoing_.add(piece_);
      if (chunked_) outgoing_.add("\r\n");
      allow_time(bytes);
      if (!co_await flush()) co_return false;
      release(piece_);
      answered_bytes_ = 0;
    }
    if (!chunked_) co_return true;
    outgoing_.begin("0\r\n\r\n");
    allow_time(outgoing_.bytes());
    co_return co_await flush();
  }

  Async<void> write_refusal() {
    chunked_ = false;
    reader_.drop();  // What was read is not looked at again, and this takes a while.
    answered_bytes_ = 0;
    std::ignore = shares_.hold(0);
    context_->metrics.count_request("", response_.status);
    if (!co_await write_head(/*keep_alive=*/false, reader_.is_head())) co_return;
    channel_->shut_down_sending();
    phase_ = Phase::kLingering;
    deadline_ = context_->loop.now() + std::min(kLingerMax, context_->limits.idle_max);
    lingered_bytes_ = 0;
    while (!read_ended_ && lingered_bytes_ < kLingerBytesMax) {
      start_read();
      co_await Suspend{read_waiter_};
    }
  }

  // `bytes` have to be taken at the least rate from now on.
  void allow_time(std::size_t bytes) {
    const Limits& limits = context_->limits;
    flush_deadline_ = context_->loop.now() + limits.write_max +
                      std::chrono::seconds{bytes / limits.write_bytes_per_second_min};
  }

  // Writes all that is outgoing. False when the peer is gone.
  Async<bool> flush() {
    phase_ = Phase::kWriting;
    write_failed_ = false;
    while (!write_failed_ && !outgoing_.rest().empty()) {
      deadline_ = std::min(context_->loop.now() + context_->limits.write_max, flush_deadline_);
      channel_->write_some(outgoing_.rest(), shared_from_this());
      co_await Suspend{write_waiter_};
    }
    co_return !write_failed_;
  }

  bool is_far_ahead() const { return reader_.waiting_bytes() > kAheadBytesMax; }

  // Does nothing when a read is under way, or when the peer has sent enough ahead.
  void start_read() {
    const bool is_answered = phase_ != Phase::kIdle && phase_ != Phase::kReading;
    if (reading_ || read_ended_) return;
    if (is_answered && phase_ != Phase::kLingering && is_far_ahead()) return;
    reading_ = true;
    channel_->read_some(shared_from_this());
  }

  std::unique_ptr<Channel> channel_;
  std::shared_ptr<ServerContext> context_;
  RequestReader reader_;
  std::size_t answered_bytes_ = 0;  // What the request under way held when it was read.
  ConnectionShares shares_;
  const Route* route_ = nullptr;
  Response response_;
  std::optional<ServerMetrics::Streaming> streaming_;
  bool chunked_ = false;

  Phase phase_ = Phase::kIdle;
  TimePoint deadline_ = TimePoint::max();
  bool aborted_ = false;

  bool reading_ = false;
  bool read_ended_ = false;
  std::size_t lingered_bytes_ = 0;
  std::coroutine_handle<> read_waiter_;

  Outgoing outgoing_;
  Slices piece_;              // Of a body that comes piece by piece: what `outgoing_` shows.
  TimePoint flush_deadline_;  // For all of it.
  bool write_failed_ = false;
  std::size_t sent_bytes_ = 0;
  std::coroutine_handle<> write_waiter_;

  std::optional<Scope> scope_;  // Last: its coroutine uses all the rest.
};

}  // namespace

const std::string& ServerContext::date() {
  const WallTime now = loop.wall_now();
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (std::exchange(date_second_, second) != second) date_ = format_http_date(now);
  return date_;
}

std::shared_ptr<Connection> Connection::open(std::unique_ptr<Channel> channel,
                                             std::shared_ptr<ServerContext> context,
                                             std::optional<Response> refusal) {
  auto connection = std::make_shared<HttpConnection>(std::move(channel), std::move(context));
  connection->start(std::move(refusal));
  return connection;
}

}  // namespace blox::http
