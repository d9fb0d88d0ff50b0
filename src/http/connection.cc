#include "http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <coroutine>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/scope.h"
#include "http/beast_parser.h"
#include "http/response_head.h"

namespace blox::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kBuffersPerWrite = 64;  // What Asio hands to one sendmsg.
constexpr std::size_t kReadBytes = 8 << 10;
// How long the rest of a refused request is read and dropped, so that the refusal is not lost in
// the reset that closing over unread bytes causes. Source: RFC 9112, section 9.6.
constexpr Duration kLingerMax = std::chrono::seconds{2};
constexpr std::size_t kLingerBytesMax = 64 << 20;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Request take_request(Parser& parser) {
  auto& message = parser.get();
  Request request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.headers.reserve(8);
  for (const auto& field : message) {
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

Response refusal_of(const ErrorCode& error, const Limits& limits) {
  if (error == beast::http::error::header_limit) {
    return make_text(431, "The request's header is larger than " +
                              std::to_string(limits.header_bytes_max) + " bytes");
  }
  if (error == beast::http::error::body_limit) {
    return make_text(413, "The request's body is larger than " +
                              std::to_string(limits.body_bytes_max) + " bytes");
  }
  return make_text(400, "Not a request of HTTP/1.1: " + error.message());
}

// One of the streams that a server may hold.
class StreamPlace {
 public:
  explicit StreamPlace(ServerContext& context) : context_(context) {
    ++context_.stream_count;
    context_.metrics.add_stream();
  }
  StreamPlace(const StreamPlace&) = delete;
  StreamPlace& operator=(const StreamPlace&) = delete;
  ~StreamPlace() {
    --context_.stream_count;
    context_.metrics.remove_stream();
  }

 private:
  ServerContext& context_;
};

class HttpConnection final : public Connection {
 public:
  HttpConnection(asio::ip::tcp::socket socket, std::shared_ptr<ServerContext> context)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        buffer_(context_->limits.header_bytes_max + 2 * kReadBytes),
        scope_(std::in_place, context_->loop) {}

  void start(bool refused) {
    context_->metrics.add_connection();
    scope_->spawn(refused ? refuse_connection() : serve());
  }

  void abort() override {
    if (aborted_) return;
    aborted_ = true;
    const auto self = shared_from_this();
    ErrorCode ignored;
    std::ignore = socket_.close(ignored);
    reader_ = writer_ = nullptr;
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

 private:
  enum class Phase { kIdle, kReading, kAnswering, kStreaming, kWriting, kLingering };
  enum class Read { kWhole, kBroken, kGone };

  // Suspends until `slot` is resumed by a completion; `abort` forgets it.
  struct Suspend {
    std::coroutine_handle<>& slot;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { slot = waiting; }
    void await_resume() const noexcept {}
  };

  Async<void> serve() {
    for (bool keep_alive = true; keep_alive && !context_->stopping;) {
      const Read read = co_await read_request();
      if (read == Read::kGone) break;
      if (read == Read::kBroken) {
        co_await write_refusal();
        break;
      }
      keep_alive = co_await answer();
    }
    end();
  }

  Async<void> refuse_connection() {
    response_ = make_text(503, "Too many connections: this process takes " +
                                   std::to_string(context_->limits.connection_count_max) +
                                   " at most, over all its addresses");
    return refuse();
  }

  // Writes `response_` as the last answer.
  Async<void> refuse() {
    co_await write_refusal();
    end();
  }

  // A handler that never answers would hold its connection for ever.
  void time_out() {
    scope_.emplace(context_->loop);  // Destroys the handler's coroutine where it waits.
    response_ = make_text(504, "No answer was ready within " +
                                   format_duration(context_->limits.answer_max) +
                                   "; it is not known what was done");
    scope_->spawn(refuse());
  }

  void drop_response() {
    response_ = {};
    stream_place_.reset();
  }

  Async<void> end_stream() {
    phase_ = Phase::kWriting;
    pieces_.clear();
    if (chunked_) pieces_.emplace_back("0\r\n\r\n");
    co_await flush();
    end();
  }

  // The coroutine that calls this is destroyed by abort, so not from within it.
  void end() {
    phase_ = Phase::kLingering;
    context_->loop.post([self = shared_from_this()] { self->abort(); });
  }

  Async<Read> read_request() {
    const Limits& limits = context_->limits;
    phase_ = Phase::kIdle;
    deadline_ = context_->loop.now() + limits.idle_max;
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser_->body_limit(limits.body_bytes_max);
    bool continued = false;
    for (;;) {
      ErrorCode error;
      if (!parse(error)) {
        response_ = refusal_of(error, limits);
        co_return Read::kBroken;
      }
      if (parser_->is_done()) co_return Read::kWhole;
      if (parser_->is_header_done() && !std::exchange(continued, true)) send_continue();
      if (read_ended_) co_return Read::kGone;
      if (!reading_ && is_full()) {  // The parser wants to see more at once than is kept.
        response_ = make_text(431, "A chunk's header or the trailer is larger than " +
                                       std::to_string(limits.header_bytes_max) + " bytes");
        co_return Read::kBroken;
      }
      start_read();
      co_await Suspend{reader_};
      if (phase_ == Phase::kIdle && buffer_.size() > 0) {
        phase_ = Phase::kReading;
        deadline_ = context_->loop.now() + limits.idle_max;
      }
    }
  }

  // Feeds the parser what the buffer holds. False when it is no request.
  bool parse(ErrorCode& error) {
    while (buffer_.size() > 0 && !parser_->is_done()) {
      const std::size_t taken = parser_->put(buffer_.data(), error);
      buffer_.consume(taken);
      if (error == beast::http::error::need_more) {
        error = {};
        return true;
      }
      if (error) return false;
      if (taken == 0) return true;
    }
    return true;
  }

  // Best effort: a peer that gets no 100 sends its body after a while all the same.
  void send_continue() {
    const auto expect = parser_->get().find(beast::http::field::expect);
    if (expect == parser_->get().end() || !beast::iequals(expect->value(), "100-continue")) return;
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    ErrorCode ignored;
    socket_.write_some(asio::buffer(kContinue), ignored);
  }

  // One request, from the handler's work to the last byte. True when the next may come.
  Async<bool> answer() {
    const auto& message = parser_->get();
    const bool chunks_allowed = message.version() >= 11;  // HTTP/1.0 ends each answer by closing.
    bool keep_alive = chunks_allowed && message.keep_alive();
    Request request = take_request(*parser_);
    const std::string method = request.method;
    const std::string target = log::is_on(log::Level::kDebug) ? request.target : std::string{};
    const TimePoint asked_at = context_->loop.now();
    if (chunks_allowed && !find_header(request.headers, "Host")) {
      response_ = make_text(400, "The header Host is missing");
    } else if (auto why = context_->guard.refuse(request)) {
      response_ = make_text(403, std::move(*why));
    } else {
      phase_ = Phase::kAnswering;
      deadline_ = asked_at + context_->limits.answer_max;
      response_ = co_await context_->handler.handle(std::move(request));
    }
    const bool streams = take_stream_place();
    chunked_ = streams && chunks_allowed;
    const bool last = context_->stopping || (read_ended_ && buffer_.size() == 0);
    keep_alive = keep_alive && !last;
    context_->metrics.count_request(method, response_.status);
    sent_bytes_ = 0;
    bool sent = co_await write_head(keep_alive, method == "HEAD");
    if (auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&response_.body);
        frozen != nullptr && method != "HEAD") {
      while (sent && take_piece(**frozen)) sent = co_await flush();
    }
    if (sent && streams && method != "HEAD") {
      sent = co_await stream(*std::get<std::unique_ptr<BodyStream>>(response_.body));
    }
    log::debug("http", "{} {} {} {} bytes{}", method, target, response_.status, sent_bytes_,
               sent ? "" : ", broken off");
    if (!streams) context_->metrics.observe_answer(context_->loop.now() - asked_at);
    drop_response();
    co_return sent&& keep_alive;
  }

  // True when `response_` streams. One too many is answered that it is.
  bool take_stream_place() {
    if (!std::holds_alternative<std::unique_ptr<BodyStream>>(response_.body)) return false;
    const std::size_t count_max = context_->limits.stream_count_max;
    if (context_->stream_count >= count_max) {
      response_ = make_text(503, "Too many streams: the limit is " + std::to_string(count_max));
      return false;
    }
    stream_place_.emplace(*context_);
    return true;
  }

  // Head, and body unless it streams, together.
  Async<bool> write_head(bool keep_alive, bool head_only) {
    Framing framing;
    framing.date = context_->date();
    framing.keep_alive = keep_alive;
    framing.chunked = chunked_;
    pieces_.clear();
    pieces_.emplace_back();  // The head, once the length is known.
    if (const auto* text = std::get_if<std::string>(&response_.body)) {
      framing.body_bytes = text->size();
      pieces_.emplace_back(*text);
    } else if (const auto* slices = std::get_if<Slices>(&response_.body)) {
      framing.body_bytes = add_pieces(*slices);
    } else if (const auto* frozen = std::get_if<std::unique_ptr<FrozenBody>>(&response_.body)) {
      framing.body_bytes = (*frozen)->size();
      if (!head_only) take_piece(**frozen, 1);
    }
    if (head_only || is_bodiless(response_.status)) pieces_.resize(1);
    front_ = format_head(response_, framing);
    pieces_.front() = front_;
    return flush();
  }

  // Puts the body's next piece behind the first `kept` pieces. False at its end.
  bool take_piece(FrozenBody& body, std::size_t kept = 0) {
    piece_slices_ = body.next();
    pieces_.resize(kept);
    add_pieces(piece_slices_);
    return !piece_slices_.empty();
  }

  std::size_t add_pieces(const Slices& slices) {
    std::size_t bytes = 0;
    for (const auto& slice : slices) {
      bytes += slice.bytes.size();
      pieces_.push_back(slice.bytes);
    }
    return bytes;
  }

  // False when the body or the peer broke off: the missing last chunk tells the peer. A peer that
  // sends no more has left: nothing else would tell of it while the stream has nothing to say.
  Async<bool> stream(BodyStream& body) {
    while (!context_->stopping) {
      if (read_ended_) co_return false;
      phase_ = Phase::kStreaming;
      deadline_ = TimePoint::max();
      start_read();  // To see the peer leave.
      const Result<Slices> next = co_await body.next();
      if (!next) {
        log::debug("http", "stream broken off: {}", next.error().message);
        co_return false;
      }
      if (next->empty()) break;
      pieces_.assign(1, {});
      const std::size_t bytes = add_pieces(*next);
      if (bytes == 0) continue;
      if (chunked_) {
        front_ = format_chunk_start(bytes);
        pieces_.front() = front_;
        pieces_.emplace_back("\r\n");
      }
      if (!co_await flush()) co_return false;
    }
    if (!chunked_) co_return true;
    pieces_.assign(1, "0\r\n\r\n");
    co_return co_await flush();
  }

  Async<void> write_refusal() {
    chunked_ = false;
    context_->metrics.count_request("", response_.status);
    if (!co_await write_head(/*keep_alive=*/false, /*head_only=*/false)) co_return;
    ErrorCode ignored;
    std::ignore = socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    phase_ = Phase::kLingering;
    deadline_ = context_->loop.now() + std::min(kLingerMax, context_->limits.idle_max);
    for (std::size_t dropped = 0; !read_ended_ && dropped < kLingerBytesMax;) {
      dropped += buffer_.size();
      buffer_.consume(buffer_.size());
      start_read();
      co_await Suspend{reader_};
    }
  }

  // Writes all pieces. False when the peer is gone.
  Async<bool> flush() {
    phase_ = Phase::kWriting;
    piece_ = 0;
    offset_ = 0;
    write_failed_ = false;
    std::size_t bytes = 0;
    for (const auto piece : pieces_) bytes += piece.size();
    const Limits& limits = context_->limits;
    flush_deadline_ = context_->loop.now() + limits.write_max +
                      std::chrono::seconds{bytes / limits.write_bytes_per_second_min};
    while (!write_failed_ && start_write()) co_await Suspend{writer_};
    co_return !write_failed_;
  }

  // False when nothing is left to be written.
  bool start_write() {
    std::size_t count = 0;
    std::size_t offset = offset_;
    for (std::size_t i = piece_; i < pieces_.size() && count < buffers_.size(); ++i) {
      const auto bytes = pieces_[i].substr(std::exchange(offset, 0));
      if (!bytes.empty()) buffers_[count++] = asio::buffer(bytes);
    }
    if (count == 0) return false;
    deadline_ = std::min(context_->loop.now() + context_->limits.write_max, flush_deadline_);
    const std::span<const asio::const_buffer> gathered{buffers_.data(), count};
    socket_.async_write_some(
        gathered, [this, self = shared_from_this()](const ErrorCode& error, std::size_t bytes) {
          on_written(error, bytes);
        });
    return true;
  }

  void on_written(const ErrorCode& error, std::size_t bytes) {
    if (aborted_) return;
    write_failed_ = static_cast<bool>(error);
    context_->metrics.count_sent(bytes);
    sent_bytes_ += bytes;
    for (offset_ += bytes; piece_ < pieces_.size() && offset_ >= pieces_[piece_].size(); ++piece_) {
      offset_ -= pieces_[piece_].size();
    }
    if (const auto waiting = std::exchange(writer_, nullptr)) waiting.resume();
  }

  bool is_full() const { return buffer_.size() + kReadBytes > buffer_.max_size(); }

  // Does nothing when a read is under way, or when the buffer of a peer that sends ahead is full.
  void start_read() {
    if (reading_ || read_ended_ || is_full()) return;
    reading_ = true;
    socket_.async_read_some(
        asio::buffer(incoming_),
        [this, self = shared_from_this()](const ErrorCode& error, std::size_t bytes) {
          on_read(error, bytes);
        });
  }

  void on_read(const ErrorCode& error, std::size_t bytes) {
    if (aborted_) return;
    reading_ = false;
    read_ended_ = static_cast<bool>(error);
    buffer_.commit(asio::buffer_copy(buffer_.prepare(bytes), asio::buffer(incoming_, bytes)));
    if (const auto waiting = std::exchange(reader_, nullptr)) return waiting.resume();
    if (phase_ != Phase::kAnswering && phase_ != Phase::kStreaming) return;
    // A peer may end its sending side and wait for the answer.
    const bool left = phase_ == Phase::kStreaming || error != asio::error::eof;
    if (read_ended_ && left) return abort();
    start_read();
  }

  asio::ip::tcp::socket socket_;
  std::shared_ptr<ServerContext> context_;
  beast::flat_buffer buffer_;  // What was read and not parsed.
  // A read may be under way while `buffer_` is parsed, which moves its contents.
  std::array<char, kReadBytes> incoming_;
  std::optional<Parser> parser_;
  Response response_;
  std::optional<StreamPlace> stream_place_;  // While `response_` streams.
  bool chunked_ = false;

  Phase phase_ = Phase::kIdle;
  TimePoint deadline_ = TimePoint::max();
  bool aborted_ = false;

  bool reading_ = false;
  bool read_ended_ = false;
  std::coroutine_handle<> reader_;

  std::string front_;                     // Head, or start of a chunk.
  std::vector<std::string_view> pieces_;  // What is being written: front, body, end of a chunk.
  Slices piece_slices_;                   // Of a FrozenBody: what `pieces_` shows.
  std::size_t piece_ = 0;                 // The first piece that is not written whole,
  std::size_t offset_ = 0;                // and how much of it is.
  std::array<asio::const_buffer, kBuffersPerWrite> buffers_;
  TimePoint flush_deadline_;  // For all of it.
  bool write_failed_ = false;
  std::size_t sent_bytes_ = 0;
  std::coroutine_handle<> writer_;

  std::optional<Scope> scope_;  // Last: its coroutine uses all the rest.
};

}  // namespace

const std::string& ServerContext::date() {
  const WallTime now = loop.wall_now();
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (std::exchange(date_second_, second) != second) date_ = format_http_date(now);
  return date_;
}

std::shared_ptr<Connection> Connection::open(asio::ip::tcp::socket socket,
                                             std::shared_ptr<ServerContext> context, bool refused) {
  auto connection = std::make_shared<HttpConnection>(std::move(socket), std::move(context));
  connection->start(refused);
  return connection;
}

}  // namespace blox::http
