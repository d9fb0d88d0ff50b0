// An endpoint as people write it, for every flag and variable that takes one.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::http {

struct EndpointForm {
  bool needs_scheme = false;  ///< Else HOST and HOST:PORT stand for http.
  bool takes_user = true;     ///< "http://user:secret@host", as people behind a proxy write it.
};

/// The URL that `text` means, to put a path behind: "css:3000", "http://CSS:3000/" and
/// "http://css:3000" are "http://css:3000". A path before that is kept, in its simplest form.
/// Errors: kInvalid, a sentence with what is allowed, without user and password.
Result<std::string> parse_endpoint(std::string_view text, EndpointForm form = {});

}  // namespace blox::http
