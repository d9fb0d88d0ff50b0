// Text that is almost JSON into JSON: what AWS's clients and agents put into texts is not always
// what a strict parser takes, and one such text must not cost all that stands beside it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace blox::codec {

/// `text` with what no JSON may hold put right, nothing when there is nothing of the kind. Within
/// texts: a control byte is escaped; a byte that is not UTF-8, half a surrogate pair and the
/// backslash of an unknown escape become U+FFFD. Numbers beyond the doubles, NaN and Infinity
/// become null, as nobody knows what they were; a whole number beyond 64 bits becomes the same
/// number with a fraction, which every parser takes. All else stays as it is, faults included: the
/// result may still be no JSON. At most six times as long as `text`.
std::optional<std::string> repair_json(std::string_view text);

}  // namespace blox::codec
