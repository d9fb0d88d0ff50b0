// DemoScreen: what the demo tells, as lines with the time since its start; on a terminal the line
// of progress is redrawn in place.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "client/scheduler.h"

namespace blox::apps {

/// The columns of the terminal that standard output is; 80 when it does not say.
std::size_t terminal_columns();

/// `text` cut so that it fills at most as many columns, the last then being "…".
/// Requires: UTF-8 whose characters are one column wide.
std::string cut_to_columns(std::string_view text, std::size_t columns);

class DemoScreen {
 public:
  /// `columns` is asked at each redraw how wide the terminal is, as people resize it; empty: `out`
  /// is no terminal.
  DemoScreen(std::ostream& out, std::function<std::size_t()> columns, TimePoint start)
      : out_(out), columns_(std::move(columns)), start_(start) {}

  /// A numbered headline: what is done to the cluster now.
  void begin_step(TimePoint now, const std::string& text);
  /// Something that happened.
  void say(TimePoint now, const std::string& text);
  /// One cell an instance and, in words, why not all of them serve. Tells only what is new.
  void show_progress(TimePoint now, const client::InstanceStatusList& instances);

 private:
  void line(TimePoint now, const std::string& text);

  std::ostream& out_;
  std::function<std::size_t()> columns_;
  TimePoint start_;
  int step_ = 0;
  std::string progress_;        // What show_progress drew last.
  bool progress_open_ = false;  // The cursor stands behind it, on a terminal.
};

}  // namespace blox::apps
