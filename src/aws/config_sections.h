// The names of sections in ~/.aws/config, as botocore reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace blox::aws {

/// What `section`, as it stands between brackets, is called: "default" and "profile p" are the
/// profiles "default" and "p"; "services s" and "sso-session t" stay, without quotes. Names may be
/// quoted as in a shell. Of other sections, and of names of more or fewer words, botocore makes no
/// profile: nullopt. Source: botocore/configloader.py, build_profile_map.
std::optional<std::string> name_config_section(std::string_view section);

}  // namespace blox::aws
