// The INI form of the files that every tool for AWS shares.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::aws {

/// Section name to key to value. Keys in lower case; a key nested by indentation under `outer =` is
/// "outer.key"; a value that goes on in deeper indented lines holds them behind "\n".
using IniSections = std::map<std::string, std::map<std::string, std::string>>;

/// Parses what Python's configparser takes of the INI form: `key = value` and `key: value`, lines
/// that go on by indentation, comments on lines of their own or behind a blank, a byte order mark.
/// Errors: kInvalid, naming the line, for text that is none of it, and for keys nested under one of
/// over 64 bytes.
Result<IniSections> parse_ini(std::string_view text);

}  // namespace blox::aws
