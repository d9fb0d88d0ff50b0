#include "http/curl_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "http/url.h"

namespace blox::http {
namespace {

constexpr long kReadBytes = 128 << 10;  // Read at a time; libcurl takes 16 KiB by itself.

// Instance metadata and container credentials, reached directly from each machine.
bool is_link_local(std::string_view host) {
  return host.starts_with("169.254.") || host.starts_with("fe80:") || host == "fd00:ec2::254" ||
         host == "fd00:ec2::23";
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view{"()<>@,;:\\\"/[]?={}"}.find(c) == std::string_view::npos;
  });
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy{text};
  curl_free(text);
  return copy;
}

// libcurl repeats the URL of a proxy that it does not understand as it stands in its variable. In
// quotes, but a password may have one as well.
std::string without_password(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == text.npos) return std::string{text};
  const auto start = std::min(text.find('\'') + 1, at);
  return std::string{text.substr(0, start)} + without_userinfo(text.substr(start));
}

// 0 would mean "no deadline" to libcurl.
long to_milliseconds(Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::clamp<std::int64_t>(count, 1, 1'000'000'000));
}

// libcurl's own sockets are left open to programs that are started.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

Transfer::Transfer(OutgoingRequest request, const Executor& executor)
    : request_(std::move(request)), executor_(executor) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_.reset(curl_easy_init());
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
  if (code != CURLE_OK && refused_option_ == CURLE_OK) refused_option_ = code;
}

Status Transfer::prepare(const CurlOptions& options, bool whole_deadline) {
  if (!handle_) return fail(ErrorKind::kInternal, "libcurl has no memory for a handle");
  if (!is_token(request_.method)) {
    return fail(ErrorKind::kInvalid, "'" + request_.method + "' is not a method of HTTP");
  }
  if (Status checked = check_url(); !checked) return checked;
  if (Status added = add_headers(); !added) return added;
  set_method();
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);  // A signature holds for the path as it is.
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // HTTP/2 would buffer what it calls sent, and the error kinds rest on what was sent.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTPHEADER, list_.get());
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());
  if (direct_) set(CURLOPT_PROXY, "");
  if (whole_deadline) set(CURLOPT_TIMEOUT_MS, to_milliseconds(request_.deadline));
  set(CURLOPT_CONNECTTIMEOUT_MS,
      to_milliseconds(std::min(request_.connect_deadline, request_.deadline)));
  if (request_.fresh_connection) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  // A cancelled look-up of a name is left behind, rather than holding up all other transfers.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &Transfer::before_request);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_BUFFERSIZE, kReadBytes);
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (refused_option_ != CURLE_OK) {
    return fail(ErrorKind::kInternal, where_ + ": " + curl_easy_strerror(refused_option_));
  }
  return done();
}

Status Transfer::check_url() {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, request_.url.c_str(), 0);
  const std::string scheme = code == CURLUE_OK ? part_of(url.get(), CURLUPART_SCHEME) : "";
  if (!is_one_line(request_.url) || (scheme != "http" && scheme != "https")) {
    const std::string shown = without_userinfo(request_.url);
    return fail(ErrorKind::kInvalid,
                "'" + shown.substr(0, shown.find('?')) + "' is not a URL of http or https");
  }
  const std::string authority = part_of(url.get(), CURLUPART_HOST);
  const std::string port = part_of(url.get(), CURLUPART_PORT);
  where_ = request_.method + " " + scheme + "://" + authority + (port.empty() ? "" : ":" + port) +
           part_of(url.get(), CURLUPART_PATH);
  const std::string host = host_name(authority);
  direct_ = is_loopback(host) || is_link_local(host);
  return done();
}

Status Transfer::add_headers() {
  const auto append = [this](const std::string& line) {
    if (auto* longer = curl_slist_append(list_.get(), line.c_str())) {
      std::ignore = list_.release();  // Now part of the longer one.
      list_.reset(longer);
    }
  };
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name) || !is_one_line(value)) {
      return fail(ErrorKind::kInvalid, where_ + ": header '" + name + "' has characters that " +
                                           "end a line or are not allowed in a name");
    }
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  append("Expect:");  // Waiting for 100 costs a second with servers that do not know it.
  if (!find_header(request_.headers, "Content-Type")) append("Content-Type:");
  return done();
}

void Transfer::set_method() {
  const std::string& method = request_.method;
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (method != "GET" && method != "HEAD" && method != "POST") {
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method == "GET" && !request_.body.empty()) {
    set(CURLOPT_CUSTOMREQUEST, "GET");
  }
}

// libcurl calls it when connection, proxy tunnel and TLS stand, before the first byte; once more
// when it sends again by itself.
int Transfer::before_request(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto& before = transfer.request_.send_before;
  // libcurl's own deadline counts from when its thread took the transfer, which may be much later
  // than the caller's count began.
  transfer.late_ = before && transfer.executor_.now() >= *before;
  if (transfer.late_) return CURL_PREREQFUNC_ABORT;
  transfer.begun_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::take_header(char* bytes, std::size_t, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line{bytes, count};
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // The head of an interim answer, or of a proxy's, came before.
    transfer.headers_.clear();
  } else if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(transfer.handle(), CURLINFO_RESPONSE_CODE, &status);
    if (transfer.begun_ && status >= 200) transfer.on_head(static_cast<int>(status));
  } else if (const auto colon = line.find(':'); colon != line.npos) {
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    transfer.headers_.emplace_back(line.substr(0, colon), value);
  }
  return count;
}

std::size_t Transfer::take_body(char* bytes, std::size_t, std::size_t count, void* self) {
  switch (static_cast<Transfer*>(self)->on_body({bytes, count})) {
    case Taken::kYes: return count;
    case Taken::kLater: return CURL_WRITEFUNC_PAUSE;
    case Taken::kTooMany: return CURL_WRITEFUNC_ERROR;
  }
  return CURL_WRITEFUNC_ERROR;
}

std::size_t Transfer::announced_bytes() const {
  curl_off_t length = -1;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

Error Transfer::error_of(CURLcode code) const {
  std::string why =
      without_password(detail_.front() != '\0' ? detail_.data() : curl_easy_strerror(code));
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    why = late_ ? "the time to send it had passed" : "the transport was closed";
  }
  if (code == CURLE_WRITE_ERROR) {
    why = "the answer is larger than " + std::to_string(request_.answer_bytes_max) + " bytes";
  }
  if (!begun_) return Error{ErrorKind::kUnavailable, where_ + ": not sent: " + why};
  return Error{ErrorKind::kUnknown, where_ + ": perhaps sent, and no whole answer: " + why};
}

}  // namespace blox::http
