// DemoScreen: what the demo tells, as lines with the time since its start; on a terminal the line
// of progress is redrawn in place.
#pragma once

#include <iosfwd>
#include <string>

#include "base/time.h"
#include "client/scheduler.h"

namespace blox::apps {

class DemoScreen {
 public:
  DemoScreen(std::ostream& out, bool is_terminal, TimePoint start)
      : out_(out), is_terminal_(is_terminal), start_(start) {}

  /// A numbered headline: what is done to the cluster now.
  void begin_step(TimePoint now, const std::string& text);
  /// Something that happened.
  void say(TimePoint now, const std::string& text);
  /// One cell an instance and, in words, why not all of them serve. Tells only what is new.
  void show_progress(TimePoint now, const client::InstanceStatusList& instances);

 private:
  void line(TimePoint now, const std::string& text);

  std::ostream& out_;
  bool is_terminal_;
  TimePoint start_;
  int step_ = 0;
  std::string progress_;        // What show_progress drew last.
  bool progress_open_ = false;  // The cursor stands behind it, on a terminal.
};

}  // namespace blox::apps
