// What the heap holds, for oracles of fuzz targets. It counts by the hooks of the address
// sanitizer: all of new, malloc and realloc, so what zstd or libcurl allocate as well. Links under
// -fsanitize=address alone.
#pragma once

#include <cstdint>

namespace blox::fuzz {

/// Bytes asked for and not given back yet, of what was allocated since the counting began: at the
/// first call of any function here. Only differences mean something, as older bytes may be given
/// back meanwhile. Threading: any thread; counts all of them.
std::int64_t live_bytes();

/// The most that live_bytes() has been since the counting began, or since reset_peak().
std::int64_t peak_bytes();
/// Begins a new peak at what is live now.
void reset_peak();

/// What the code between its making and a question takes. One at a time: it resets the peak.
class HeapWatch {
 public:
  HeapWatch() : start_(live_bytes()) { reset_peak(); }
  /// Bytes above the start, at most so far.
  std::int64_t peak_growth() const { return peak_bytes() - start_; }
  /// Bytes above the start, now.
  std::int64_t growth() const { return live_bytes() - start_; }

 private:
  std::int64_t start_;
};

}  // namespace blox::fuzz
