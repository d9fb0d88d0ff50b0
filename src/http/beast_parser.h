// Beast's parser of requests, without its assertions: one of them ends the process over input that
// is merely unusual. Only request_reader.cc includes this.
#pragma once

#include <boost/assert.hpp>

// Beast 1.81 asserts that a last chunk's header has 5 bytes when it looks for the end of the
// trailer again; 4 are there when the peer's next segment had one byte. The code behind the
// assertion needs 3. `assert.hpp` may be included anew to bring the assertions back.
#define BOOST_DISABLE_ASSERTS
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#undef BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
