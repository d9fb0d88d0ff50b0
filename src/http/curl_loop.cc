#include "http/curl_loop.h"

#include <utility>

#include "base/check.h"

namespace blox::http {
namespace {

constexpr int kPollMilliseconds = 60'000;  // Commands wake it; libcurl's own timers shorten it.

}  // namespace

CurlLoop::CurlLoop(std::size_t transfer_count_max)
    : transfer_count_max_(transfer_count_max), multi_(curl_multi_init()) {
  check(multi_ != nullptr, "libcurl has no memory for its loop");
  thread_ = std::thread{[this] { run(); }};
}

CurlLoop::~CurlLoop() {
  stop();
  curl_multi_cleanup(multi_);
}

Status CurlLoop::add(std::shared_ptr<Transfer> transfer) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return fail(ErrorKind::kUnavailable, "the transport was closed");
    if (transfer_count_ >= transfer_count_max_) {
      return fail(ErrorKind::kUnavailable, "more than " + std::to_string(transfer_count_max_) +
                                               " calls and streams under way");
    }
    ++transfer_count_;
    commands_.push_back({What::kAdd, std::move(transfer)});
  }
  curl_multi_wakeup(multi_);
  return done();
}

void CurlLoop::cancel(std::shared_ptr<Transfer> transfer) {
  command({What::kCancel, std::move(transfer)});
}

void CurlLoop::resume(std::shared_ptr<Transfer> transfer) {
  command({What::kResume, std::move(transfer)});
}

void CurlLoop::command(Command command) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return;  // The thread ends them all.
    commands_.push_back(std::move(command));
  }
  curl_multi_wakeup(multi_);
}

void CurlLoop::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  if (thread_.joinable()) thread_.join();
}

void CurlLoop::run() {
  while (carry_out_commands()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    take_ended();
    curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
  }
  while (!running_.empty()) {
    const auto transfer = running_.begin()->second;
    drop(transfer->handle());
    transfer->end(CURLE_ABORTED_BY_CALLBACK);
  }
}

// False once the loop is to end.
bool CurlLoop::carry_out_commands() {
  std::vector<Command> commands;
  bool stopping = false;
  {
    const std::lock_guard lock{mutex_};
    commands.swap(commands_);
    stopping = stopping_;
  }
  for (const auto& command : commands) carry_out(command);
  return !stopping;
}

void CurlLoop::carry_out(const Command& command) {
  CURL* handle = command.transfer->handle();
  switch (command.what) {
    case What::kAdd: {
      running_.emplace(handle, command.transfer);
      if (curl_multi_add_handle(multi_, handle) != CURLM_OK) {
        drop(handle);
        command.transfer->end(CURLE_OUT_OF_MEMORY);
      }
      return;
    }
    case What::kCancel: return drop(handle);
    case What::kResume:
      // May call back with bytes before it returns.
      if (running_.contains(handle)) curl_easy_pause(handle, CURLPAUSE_CONT);
      return;
  }
}

void CurlLoop::take_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // The message goes with the handle.
    const auto transfer = running_.at(message->easy_handle);
    drop(transfer->handle());
    transfer->end(code);
  }
}

void CurlLoop::drop(CURL* handle) {
  const auto found = running_.find(handle);
  if (found == running_.end()) return;
  curl_multi_remove_handle(multi_, handle);
  running_.erase(found);
  const std::lock_guard lock{mutex_};
  --transfer_count_;
}

}  // namespace blox::http
