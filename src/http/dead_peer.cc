#include "http/dead_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>

namespace blox::http {
namespace {

constexpr int kProbeCount = 3;

void set(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

void notice_dead_peer(int socket) {
  constexpr int kSeconds =
      static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(kDeadPeerMax).count());
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kSeconds / 2);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kSeconds / 2 / kProbeCount);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbeCount);
  set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kSeconds * 1000);
}

}  // namespace blox::http
