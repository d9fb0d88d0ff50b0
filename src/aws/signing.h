// Signature Version 4 for the POSTs of the JSON protocols: nothing but a computation, so that a
// request is signed alike over libcurl and in the simulation. docs/decisions/0003 says why not in
// libcurl.
#pragma once

#include <string>
#include <utility>

#include "aws/credentials.h"
#include "base/time.h"
#include "http/message.h"
#include "http/transport.h"

namespace blox::aws {

/// What a signature is valid for.
struct SigningScope {
  std::string region;   ///< "eu-west-1".
  std::string service;  ///< The signing name: "ecs", "sqs".
};

/// Signs for one scope. Keeps the key that it derives, which is good for a day.
class Signer {
 public:
  explicit Signer(SigningScope scope) : scope_(std::move(scope)) {}

  /// The headers to add to `request`: X-Amz-Date, X-Amz-Security-Token (with a session token alone)
  /// and Authorization. All headers that `request` has already are signed, and its host.
  /// Requires: an http or https URL without query and fragment; header values without line ends.
  /// Source: IAM user guide, "Create a signed AWS API request".
  http::Headers sign(const http::OutgoingRequest& request, const Credentials& credentials,
                     WallTime time);

 private:
  const std::string& key_for(const std::string& secret, const std::string& day);

  SigningScope scope_;
  std::string secret_;
  std::string day_;
  std::string key_;  // Of these two; of none while it is empty.
};

}  // namespace blox::aws
