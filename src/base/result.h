// A value or an Error. Whatever can fail in normal operation returns Result; nothing throws.
// The kinds tell "it was not done" from "nobody knows": the scheduler's safety rests on that.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace blox {

/// What the caller can do about an error. All kinds but kUnknown promise that nothing was changed.
enum class ErrorKind : std::uint8_t {
  kInvalid,      ///< The request is wrong; repeating it is useless.
  kNotFound,     ///< What it names is not there.
  kConflict,     ///< A compare failed, or it exists already. Read again, then decide again.
  kCompacted,    ///< The history asked for is gone. List again.
  kThrottled,    ///< Refused by a limit of calls; later it may work.
  kDenied,       ///< Credentials missing, expired or not sufficient.
  kUnavailable,  ///< Never reached the other side (DNS, connect, TLS), or refused before work
                 ///< began.
  kUnknown,   ///< Sent, and the answer is missing or unreadable: it may have happened. Look it up.
  kInternal,  ///< A broken file or a bug. Nothing the caller can mend.
};

/// The kind as it stands in logs and metrics: "not_found".
std::string_view to_text(ErrorKind kind);

/// False for kUnknown alone: the call may have taken effect, or may do so yet.
constexpr bool is_outcome_known(ErrorKind kind) { return kind != ErrorKind::kUnknown; }

struct Error {
  ErrorKind kind;       ///< What the caller can do about it.
  std::string message;  ///< Where it happened: "apply event: decode task: version is missing".
  friend bool operator==(const Error&, const Error&) = default;
};

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected<Error>(Error{kind, std::move(message)});
}

/// As std::expected, but one that is dropped unseen does not compile.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(std::expected<T, Error> other) : std::expected<T, Error>(std::move(other)) {}

  /// The error with one more step in front, for `return`. Requires: no value.
  std::unexpected<Error> error_in(std::string_view step) const {
    return fail(this->error().kind, std::string{step} + ": " + this->error().message);
  }
};

/// What an operation returns that yields nothing: `return done();`.
using Status = Result<void>;
inline Status done() { return Status{}; }

}  // namespace blox
