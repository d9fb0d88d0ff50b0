// Connections of the server over a socket pair, with the limits that ship. The input is a program
// of what the peer sends and in which pieces (byte_program.h). Whatever it is: the connection holds
// no more than its limits say, and when the peer has gone it is gone, with all that it held.
#include "fuzz/connection_world.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static blox::fuzz::ConnectionWorld world;
  world.run(blox::fuzz::decode_byte_program({data, size}, blox::fuzz::http_words()));
  return 0;
}
