// Scope: owns coroutines that run beside their starter. Nothing in Blox is detached: what a Scope
// holds ends with it, wherever it stands; that is also how a simulated crash takes everything away.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "base/async.h"
#include "base/executor.h"

namespace blox {

/// Owns running coroutines. Destroying it destroys them at the point where they wait, newest
/// first, without running another line of theirs but destructors.
/// Requires: not destroyed by a coroutine that it holds. Threading: the executor's thread.
class Scope {
 public:
  explicit Scope(Executor& executor);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// Starts `work` by way of the executor. It is forgotten when it ends.
  void spawn(Async<void> work);
  /// How many have not ended.
  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace blox
