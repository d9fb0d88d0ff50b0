// Timers: the clockwork of the simulated world. What it still holds dies with it.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "base/executor.h"

namespace blox::simulator {

/// Runs jobs later, on an executor that may outlive it. While paused, what falls due is kept and
/// runs at the end of the pause. Bound: one timer an object and step of its life.
class Timers {
 public:
  explicit Timers(Executor& executor) : executor_(executor) {}
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers();

  void after(Duration wait, std::move_only_function<void()> job);
  void pause() { paused_ = true; }
  void resume();
  bool is_paused() const { return paused_; }

 private:
  void fall_due(std::uint64_t key);
  void fire(std::uint64_t key);

  struct Entry {
    Executor::TimerId timer = 0;
    std::move_only_function<void()> job;
  };
  Executor& executor_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::vector<std::uint64_t> held_;
  std::uint64_t last_ = 0;
  bool paused_ = false;
};

}  // namespace blox::simulator
