// Transfer: one request on libcurl. Set up on the executor's thread, then used by the thread of
// the transport alone. Only curl_*.cc include this.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/curl_transport.h"
#include "http/transport.h"

namespace blox::http {

/// What becomes of bytes of a body that came.
enum class Taken { kYes, kLater, kTooMany };

/// Requires: lives until libcurl has let go of handle().
class Transfer {
 public:
  /// `executor`, whose clock it reads, outlives it.
  Transfer(OutgoingRequest request, const Executor& executor);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  virtual ~Transfer() = default;

  /// Sets everything up. `whole_deadline`: the deadline is for the whole answer.
  /// Errors: kInvalid (URL, method or header), kInternal (libcurl refuses an option).
  Status prepare(const CurlOptions& options, bool whole_deadline);
  CURL* handle() const { return handle_.get(); }

  /// Called once, at the end, unless the transfer was cancelled.
  virtual void end(CURLcode code) = 0;

 protected:
  /// The head of the answer is there, interim ones left out.
  virtual void on_head(int status) = 0;
  virtual Taken on_body(std::string_view bytes) = 0;

  /// The error of a transfer that ended with `code`: kUnavailable only if libcurl was never about
  /// to send the request itself. Requires: called by end().
  Error error_of(CURLcode code) const;
  const OutgoingRequest& request() const { return request_; }
  /// What the answer's head says of the length of its body; 0 if nothing.
  std::size_t announced_bytes() const;
  Headers take_headers() { return std::move(headers_); }

 private:
  struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  Status check_url();
  Status add_headers();
  void set_method();
  template <class Value>
  void set(CURLoption option, Value value);
  static int before_request(void* self, char*, char*, int, int);
  static std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* self);
  static std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* self);

  OutgoingRequest request_;
  const Executor& executor_;
  std::string where_;  // "POST https://host/path", for messages: without credentials and query.
  Headers headers_;
  bool direct_ = false;
  CURLcode refused_option_ = CURLE_OK;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  // libcurl was let to send the request. What it counts as sent lags behind, so that this is the
  // last moment of which it is certain that nothing was.
  bool begun_ = false;
  bool late_ = false;
  std::unique_ptr<curl_slist, FreeList> list_;
  std::unique_ptr<CURL, FreeHandle> handle_;  // Before the rest: it points into it.
};

}  // namespace blox::http
