// The version, as --version prints it.
#pragma once

namespace blox::apps {

inline constexpr const char* kVersion = "1.0.0-dev";

}  // namespace blox::apps
