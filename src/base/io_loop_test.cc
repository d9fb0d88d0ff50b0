// What IoLoop alone does: signals of the process.
#include "base/io_loop.h"

#include <gtest/gtest.h>

#include <csignal>

namespace blox {
namespace {

TEST(IoLoop, TellsOfEachSignal) {
  IoLoop loop;
  int count = 0;
  loop.on_signal([&] {
    if (++count == 2) loop.stop();
    if (count == 1) std::raise(SIGTERM);
  });
  std::raise(SIGINT);
  loop.run();
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace blox
