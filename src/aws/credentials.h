// Who we are to AWS. Providers are asked before each call; the first that knows answers.
#pragma once

#include <optional>
#include <string>

#include "aws/shared_files.h"
#include "base/async.h"
#include "base/result.h"

namespace blox::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< Empty for long-lived keys.
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// A source of credentials. Implementations: StaticCredentials, SharedCredentials.
/// Threading: one strand.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// The credentials to sign with now. Errors: kDenied, saying what to set.
  virtual Async<Result<Credentials>> get() = 0;
  /// AWS refused `credentials` as unknown or expired: read them anew before the next get().
  virtual void on_refused(const Credentials& credentials) = 0;
};

/// The same credentials for ever: for tests and simulations.
class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Async<Result<Credentials>> get() override;
  void on_refused(const Credentials&) override {}

 private:
  Credentials credentials_;
};

/// The environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and AWS_SECURITY_TOKEN or
/// AWS_SESSION_TOKEN), else the profile in the shared files, which are read again when they change
/// or credentials were refused. Reads small local files on the caller's thread.
class SharedCredentials final : public CredentialsProvider {
 public:
  explicit SharedCredentials(Environment environment) : environment_(std::move(environment)) {}
  Async<Result<Credentials>> get() override;
  void on_refused(const Credentials& credentials) override;
  /// The next get() reads the files, whether or not they seem changed.
  void forget() { cached_.reset(); }

 private:
  Environment environment_;
  std::string stamp_;  // Of the files that `cached_` was read from.
  std::optional<Result<Credentials>> cached_;
};

/// The decision of SharedCredentials as a pure function.
/// Errors: kDenied: half a pair of keys, none at all, one with a blank or a line end, or a way to
/// other credentials that goes before keys in a profile and is not supported (roles, web identity,
/// SSO, credential_process).
Result<Credentials> choose_credentials(const Environment& environment, const SharedFiles& files);

}  // namespace blox::aws
