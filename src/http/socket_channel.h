// SocketChannel: a Channel on a stream socket of Asio.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>

#include "http/channel.h"

namespace blox::http {

/// Any connected stream socket; a tcp::socket converts to it.
using StreamSocket = boost::asio::generic::stream_protocol::socket;

/// Requires: `socket` is open and belongs to the context of the loop that this runs on.
std::unique_ptr<Channel> make_socket_channel(StreamSocket socket, PeerAddress peer);

}  // namespace blox::http
