// What a connection holds when it idles, whatever it did before: counted where every byte is.
#include <gtest/gtest.h>

#include "fuzz/connection_world.h"

namespace blox::fuzz {
namespace {

TEST(IdleConnection, HasGivenItsMemoryBack) {
  ConnectionWorld world;
  const std::string hello = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string list = "GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string large = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n";
  for (int i = 0; i < 200; ++i) large += "field: " + std::string(200, 'x') + "\r\n";
  large += "\r\n" + std::string(60'000, 'x');
  world.connect();
  ASSERT_TRUE(world.send(hello));
  const HeapWatch heap;
  ASSERT_TRUE(world.send(large));
  ASSERT_TRUE(world.send(list));
  EXPECT_GT(world.heard_bytes(), 16'384U);
  EXPECT_GT(heap.peak_growth(), 100'000);
  EXPECT_LT(heap.growth(), 2'048);
  world.disconnect();
}

}  // namespace
}  // namespace blox::fuzz
