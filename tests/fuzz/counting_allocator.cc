#include "fuzz/counting_allocator.h"

#include <sanitizer/allocator_interface.h>

#include <atomic>
#include <cstddef>

#include "base/check.h"

namespace blox::fuzz {
namespace {

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> peak{0};

// Both run within malloc and free: they must not allocate.
void on_malloc(const volatile void*, std::size_t size) {
  const auto now =
      live.fetch_add(static_cast<std::int64_t>(size)) + static_cast<std::int64_t>(size);
  auto highest = peak.load();
  while (now > highest && !peak.compare_exchange_weak(highest, now)) {
  }
}

void on_free(const volatile void* freed) {
  if (freed == nullptr) return;
  live.fetch_sub(static_cast<std::int64_t>(__sanitizer_get_allocated_size(freed)));
}

// The sanitizer has room for five pairs of hooks; libFuzzer takes one.
void begin_once() {
  static const int begun = __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);
  check(begun != 0, "the heap is counted");
}

}  // namespace

std::int64_t live_bytes() {
  begin_once();
  return live.load();
}

std::int64_t peak_bytes() {
  begin_once();
  return peak.load();
}

void reset_peak() {
  begin_once();
  peak.store(live.load());
}

}  // namespace blox::fuzz
