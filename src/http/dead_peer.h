// How long a peer that vanished without a word (power, network) keeps its connection.
#pragma once

#include "base/time.h"

namespace blox::http {

/// The time after which a peer that acknowledges nothing counts as gone.
inline constexpr Duration kDeadPeerMax = std::chrono::seconds{60};

/// Makes the kernel ask the silent peer of `socket` whether it is there, and break the connection
/// off after kDeadPeerMax without an acknowledgement, whether bytes are on their way or not.
/// Best effort. Requires: a TCP socket.
void notice_dead_peer(int socket);

}  // namespace blox::http
