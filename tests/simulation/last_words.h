// LastWords: what a process prints when it dies in the middle of a run, so that the seed is known.
#pragma once

#include <string>

namespace blox::simulation {

/// While it lives, a broken invariant, a fault of the machine or a sanitizer's finding prints
/// `text` on stderr before the process ends. One at a time. Bound: 200 bytes of it.
class LastWords {
 public:
  explicit LastWords(const std::string& text);
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
  ~LastWords();
};

}  // namespace blox::simulation
