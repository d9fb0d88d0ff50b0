// Holes as JSON, in sync marks and in bookmarks alike.
#pragma once

#include <simdjson.h>

#include <string>

#include "base/result.h"
#include "model/holes.h"

namespace blox::codec::internal {

/// `{"tasks":N,"instances":N,"arns":["…"]}`.
void append_holes(std::string& out, const Holes& holes);

/// Errors: kInvalid, naming the field.
Result<Holes> read_holes(simdjson::dom::object from);

}  // namespace blox::codec::internal
