// The INI form of the files that every tool for AWS shares.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blox::aws {

/// Section name to key to value. Keys in lower case; a key nested by indentation under `outer =` is
/// "outer.key"; a value that goes on in deeper indented lines holds them behind "\n".
using IniSections = std::map<std::string, std::map<std::string, std::string>>;

/// What a section is called by those who look for it, by what stands between its brackets; nullopt:
/// it is nothing to us.
using NameSection = std::function<std::optional<std::string>(std::string_view)>;

/// Parses what Python's configparser, and with it botocore, takes of the INI form: `key = value`
/// and `key: value`, lines that go on by indentation, comments on lines of their own. Besides, a
/// comment may stand behind a value and a blank, and a byte order mark at the start.
/// Errors: kInvalid, naming the line: text that is none of it or stands behind a section's "]", a
/// section or a key that stands twice, sections of one name by `name_of`, [DEFAULT], whose keys
/// hold in every section there, and keys nested under one of over 64 bytes. One of two keys would
/// be another identity than the other.
Result<IniSections> parse_ini(std::string_view text, const NameSection& name_of);
/// With the names as they stand.
Result<IniSections> parse_ini(std::string_view text);

}  // namespace blox::aws
