// The count of the heap's bytes: every way to allocate is seen, and given back in full.
#include "fuzz/counting_allocator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

namespace blox::fuzz {
namespace {

// Takes `bytes` with `take`, and tells by how much the heap grew.
template <class Take>
std::int64_t growth_of(const Take& take) {
  const HeapWatch watch;
  const auto held = take();
  return watch.growth();
}

TEST(CountingAllocator, SeesEveryWayToAllocate) {
  struct alignas(64) Aligned {
    char bytes[256];
  };
  using Freed = std::unique_ptr<void, decltype(&std::free)>;
  EXPECT_EQ(growth_of([] { return std::make_unique<char[]>(1'000); }), 1'000);
  EXPECT_EQ(growth_of([] { return std::make_unique<Aligned>(); }), 256);
  EXPECT_EQ(growth_of([] { return Freed(std::malloc(300), &std::free); }), 300);
  EXPECT_EQ(growth_of([] { return Freed(std::calloc(3, 100), &std::free); }), 300);
  EXPECT_EQ(growth_of([] { return Freed(std::realloc(std::malloc(10), 5'000), &std::free); }),
            5'000);
}

TEST(CountingAllocator, ForgetsWhatIsGivenBack) {
  const HeapWatch watch;
  EXPECT_EQ(std::string(100'000, 'x').size(), 100'000U);
  EXPECT_EQ(watch.growth(), 0);
  EXPECT_GT(watch.peak_growth(), 100'000);
  EXPECT_LT(watch.peak_growth(), 101'000);
  reset_peak();
  EXPECT_EQ(watch.peak_growth(), 0);
}

TEST(CountingAllocator, CountsOtherThreads) {
  const HeapWatch watch;
  std::thread{[] { EXPECT_EQ(std::string(200'000, 'x').size(), 200'000U); }}.join();
  EXPECT_GT(watch.peak_growth(), 200'000);
}

}  // namespace
}  // namespace blox::fuzz
