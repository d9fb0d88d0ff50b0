// That a vanished peer is noticed within a minute, as the socket's options say.
#include "http/dead_peer.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tuple>

namespace blox::http {
namespace {

TEST(DeadPeer, IsNoticedWithinAMinute) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(socket, 0);
  notice_dead_peer(socket);
  const std::tuple<const char*, int, int, int> rows[] = {
      {"asks at all", SOL_SOCKET, SO_KEEPALIVE, 1},
      {"after silence of", IPPROTO_TCP, TCP_KEEPIDLE, 30},
      {"every", IPPROTO_TCP, TCP_KEEPINTVL, 10},
      {"so many times", IPPROTO_TCP, TCP_KEEPCNT, 3},
      {"bytes on their way, milliseconds", IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000},
  };
  for (const auto& [what, level, option, expected] : rows) {
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(socket, level, option, &value, &size), 0) << what;
    EXPECT_EQ(value, expected) << what;
  }
  ::close(socket);
}

}  // namespace
}  // namespace blox::http
