#include "http/curl_transport.h"

#include <mutex>
#include <optional>
#include <utility>

#include "base/signal.h"
#include "http/curl_loop.h"
#include "http/curl_transfer.h"
#include "http/lines.h"

namespace blox::http {
namespace {

// A transfer ends with whoever awaits it.
class Guard {
 public:
  Guard(std::shared_ptr<CurlLoop> loop, std::shared_ptr<Transfer> transfer)
      : loop_(std::move(loop)), transfer_(std::move(transfer)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { loop_->cancel(transfer_); }

 private:
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<Transfer> transfer_;
};

class WholeTransfer final : public Transfer {
 public:
  WholeTransfer(OutgoingRequest request, const Executor& executor, Promise<Result<Answer>> promise)
      : Transfer(std::move(request), executor), promise_(std::move(promise)) {}

  void end(CURLcode code) override {
    if (code != CURLE_OK) {
      promise_.set(std::unexpected<Error>(error_of(code)));
      return;
    }
    answer_.headers = take_headers();
    promise_.set(std::move(answer_));
  }

 protected:
  void on_head(int status) override { answer_.status = status; }
  Taken on_body(std::string_view bytes) override {
    if (answer_.body.size() + bytes.size() > request().answer_bytes_max) return Taken::kTooMany;
    if (answer_.body.empty()) {
      answer_.body.reserve(std::min(announced_bytes(), request().answer_bytes_max));
    }
    answer_.body += bytes;
    return Taken::kYes;
  }

 private:
  Answer answer_;
  Promise<Result<Answer>> promise_;
};

// Filled by the transport's thread, emptied by the executor's.
class LineTransfer final : public Transfer, public std::enable_shared_from_this<LineTransfer> {
 public:
  /// What there was, taken out at once.
  struct Batch {
    std::vector<std::string> lines;
    std::optional<Error> end;
    TimePoint last_bytes;
    bool was_paused = false;
  };

  LineTransfer(OutgoingRequest request, Executor& executor, std::size_t waiting_bytes_max)
      : Transfer(std::move(request), executor),
        changed(executor),
        executor_(executor),
        waiting_bytes_max_(waiting_bytes_max),
        last_bytes_(executor.now()) {}

  void end(CURLcode code) override {
    const std::lock_guard lock{mutex_};
    if (status_ != 0 && status_ != 200) {
      end_ = error_of_refusal(status_, refusal_);
    } else if (code == CURLE_OK) {
      end_ = Error{ErrorKind::kUnavailable, "the peer ended the stream"};
    } else {
      end_ = Error{ErrorKind::kUnavailable, error_of(code).message};
    }
    tell();
  }

  Batch take() {
    const std::lock_guard lock{mutex_};
    Batch batch;
    batch.lines = std::exchange(lines_, {});
    batch.end = end_;
    waiting_bytes_ = 0;
    batch.was_paused = std::exchange(paused_, false);
    // While it was paused nothing could come; the idle bound starts anew.
    if (batch.was_paused) last_bytes_ = executor_.now();
    batch.last_bytes = last_bytes_;
    return batch;
  }

  /// 200 once the head is there, the error of any other end, 0 before.
  Result<int> head() {
    const std::lock_guard lock{mutex_};
    if (status_ == 200) return status_;
    if (end_) return std::unexpected<Error>(*end_);
    return 0;
  }

  Signal changed;  // On the executor's thread.

 protected:
  void on_head(int status) override {
    const std::lock_guard lock{mutex_};
    status_ = status;
    last_bytes_ = executor_.now();
    if (status == 200) tell();
  }

  Taken on_body(std::string_view bytes) override {
    const std::lock_guard lock{mutex_};
    last_bytes_ = executor_.now();
    if (status_ != 200) {
      refusal_ += bytes.substr(0, kRefusalBytesMax - refusal_.size());
      return refusal_.size() < kRefusalBytesMax ? Taken::kYes : Taken::kTooMany;
    }
    if (waiting_bytes_ >= waiting_bytes_max_) {
      paused_ = true;
      tell();
      return Taken::kLater;
    }
    const std::size_t before = lines_.size();
    splitter_.feed(bytes, lines_);
    if (splitter_.partial_bytes() > request().answer_bytes_max) return Taken::kTooMany;
    waiting_bytes_ += bytes.size();
    if (lines_.size() > before) tell();
    return Taken::kYes;
  }

 private:
  // Requires: the mutex is held. At most one job is on its way.
  void tell() {
    if (std::exchange(telling_, true)) return;
    executor_.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      {
        const std::lock_guard lock{self->mutex_};
        self->telling_ = false;
      }
      self->changed.notify_all();
    });
  }

  Executor& executor_;
  const std::size_t waiting_bytes_max_;
  std::mutex mutex_;
  LineSplitter splitter_;
  std::vector<std::string> lines_;
  std::optional<Error> end_;
  TimePoint last_bytes_;
  int status_ = 0;  // 0: the head has not come.
  bool paused_ = false;
  std::string refusal_;  // The body, when the status is not 200.
  std::size_t waiting_bytes_ = 0;
  bool telling_ = false;
};

class CurlLines final : public LineStream {
 public:
  CurlLines(std::shared_ptr<CurlLoop> loop, std::shared_ptr<LineTransfer> transfer,
            Executor& executor, Duration idle_max)
      : loop_(loop),
        transfer_(transfer),
        guard_(std::move(loop), std::move(transfer)),
        executor_(executor),
        idle_max_(idle_max) {}

  Async<Result<std::vector<std::string>>> next() override {
    for (;;) {
      auto batch = transfer_->take();
      if (batch.was_paused) loop_->resume(transfer_);
      if (!batch.lines.empty()) co_return std::move(batch.lines);
      if (batch.end) co_return std::unexpected<Error>(std::move(*batch.end));
      const TimePoint idle_end = batch.last_bytes + idle_max_;
      if (executor_.now() >= idle_end) {
        co_return fail(ErrorKind::kUnavailable, "nothing came for " + format_duration(idle_max_));
      }
      co_await transfer_->changed.wait_until(idle_end);
    }
  }

 private:
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<LineTransfer> transfer_;
  Guard guard_;
  Executor& executor_;
  Duration idle_max_;
};

}  // namespace

CurlTransport::CurlTransport(Executor& executor, CurlOptions options)
    : executor_(executor),
      options_(std::move(options)),
      loop_(std::make_shared<CurlLoop>(options_.transfer_count_max)) {}

CurlTransport::~CurlTransport() { loop_->stop(); }

// Neither may use the transport after it has begun to wait: it may be gone by then.
Async<Result<Answer>> CurlTransport::send(OutgoingRequest request) {
  auto ends = make_promise<Result<Answer>>(executor_);
  const auto transfer =
      std::make_shared<WholeTransfer>(std::move(request), executor_, std::move(ends.first));
  Status ready = transfer->prepare(options_, /*whole_deadline=*/true);
  if (ready) ready = loop_->add(transfer);
  if (!ready) co_return std::unexpected<Error>(std::move(ready.error()));
  const Guard guard{loop_, transfer};
  co_return co_await ends.second;
}

Async<Result<std::unique_ptr<LineStream>>> CurlTransport::open_lines(OutgoingRequest request,
                                                                     Duration idle_max) {
  const Duration head_max = request.deadline;
  const TimePoint deadline = executor_.now() + head_max;
  const auto transfer =
      std::make_shared<LineTransfer>(std::move(request), executor_, options_.waiting_bytes_max);
  Status ready = transfer->prepare(options_, /*whole_deadline=*/false);
  if (ready) ready = loop_->add(transfer);
  if (!ready) co_return std::unexpected<Error>(std::move(ready.error()));
  std::unique_ptr<LineStream> lines =
      std::make_unique<CurlLines>(loop_, transfer, executor_, idle_max);
  for (bool in_time = true; in_time;) {
    const auto head = transfer->head();
    if (!head) co_return std::unexpected<Error>(head.error());
    if (*head == 200) co_return std::move(lines);
    in_time = co_await transfer->changed.wait_until(deadline);
  }
  co_return fail(ErrorKind::kUnavailable, "no answer began within " + format_duration(head_max));
}

}  // namespace blox::http
