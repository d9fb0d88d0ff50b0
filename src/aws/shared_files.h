// The environment and the two shared files (~/.aws/config, ~/.aws/credentials) that every tool for
// AWS reads. Values only: no chain, no region, no decision.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "aws/ini.h"
#include "base/result.h"

namespace blox::aws {

/// Variables by name. Passed in, so that tests and the simulation choose them.
using Environment = std::map<std::string, std::string>;

/// A copy of this process's environment.
Environment process_environment();
/// The value of `name`, empty text when unset.
std::string get_variable(const Environment& environment, const std::string& name);

/// Both files as they stood at one moment.
struct SharedFiles {
  IniSections config;       ///< By name_config_section: profiles plainly, "services NAME", …
  IniSections credentials;  ///< Section names are profile names.
  std::string stamp;        ///< Differs whenever a file has changed, appeared or gone.
};

/// Where the files are: AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else in $HOME/.aws.
/// Empty text when neither the variable nor HOME is set.
std::string config_path(const Environment& environment);
std::string credentials_path(const Environment& environment);

/// For the end of an error: that HOME is missing, where one of the files is looked for there.
std::string missing_home(const Environment& environment);

/// The `stamp` of the files as they stand now, without reading them. Never fails.
std::string stamp_of_files(const Environment& environment);
/// Reads both. A missing file counts as empty, and so does one at its default place that may not be
/// read, with a warning (services often have a HOME that is not theirs). Sections of the config
/// file are called as name_config_section says; those of the credentials file are profiles as they
/// stand. Errors: kInvalid (naming path and line, or a variable with "~/" without HOME), kDenied
/// (not readable, or no file).
Result<SharedFiles> load_shared_files(const Environment& environment);

/// AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default".
std::string profile_name(const Environment& environment);
/// A key of the profile: the credentials file before the config file; empty text if in neither.
std::string get_profile_value(const SharedFiles& files, const std::string& profile,
                              const std::string& key);

}  // namespace blox::aws
