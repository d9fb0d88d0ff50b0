// JSON into Boost.JSON's values with its numbers as they are. Boost's own parser may be off in the
// last digit of a double, so that a text which is read and written again and again never settles.
#pragma once

#include <boost/json.hpp>
#include <string_view>

namespace blox::codec {

/// As boost::json::parse, but a double is the one nearest to its text. One beyond all doubles is
/// infinite. Errors: into `error`, as boost::json::parse has them.
boost::json::value parse_exact(std::string_view text, boost::json::error_code& error);

}  // namespace blox::codec
