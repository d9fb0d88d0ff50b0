#include "blox/demo_screen.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

namespace blox::apps {
namespace {

// A cell for an instance, readable without colour.
std::string_view cell_of(const codec::InstanceStatusObject& instance) {
  if (instance.state == "serving") return "█";
  if (instance.state == "starting") return "▒";
  if (instance.state == "stopping") return "▓";
  return instance.task_arn.empty() ? "·" : "░";
}

}  // namespace

void DemoScreen::line(TimePoint now, const std::string& text) {
  if (progress_open_) out_ << "\n";
  progress_open_ = false;
  const std::chrono::duration<double> elapsed = now - start_;
  out_ << fmt::format("[{:6.2f} s] {}", elapsed.count(), text) << std::endl;
}

void DemoScreen::begin_step(TimePoint now, const std::string& text) {
  if (progress_open_) out_ << "\n";
  progress_open_ = false;
  progress_.clear();
  out_ << "\n";
  line(now, fmt::format("{}. {}", ++step_, text));
}

void DemoScreen::say(TimePoint now, const std::string& text) { line(now, "   " + text); }

void DemoScreen::show_progress(TimePoint now, const client::InstanceStatusList& instances) {
  std::string bar;
  std::size_t serving = 0;
  std::map<std::string, int> reasons;
  for (const auto& instance : instances.items) {
    bar += cell_of(instance);
    serving += instance.state == "serving" ? 1 : 0;
    if (instance.state != "serving") ++reasons[instance.state + ": " + instance.reason];
  }
  std::string text = fmt::format("   {} {} of {} serving", bar, serving, instances.items.size());
  int told = 0;
  for (const auto& [reason, count] : reasons) {
    if (++told > 2) break;
    text += fmt::format("; {}× {}", count, reason);
  }
  if (text == progress_) return;
  progress_ = text;
  if (!is_terminal_) {
    line(now, text);
    return;
  }
  const std::chrono::duration<double> elapsed = now - start_;
  out_ << fmt::format("\r\x1b[2K[{:6.2f} s] {:.180}", elapsed.count(), text) << std::flush;
  progress_open_ = true;
}

}  // namespace blox::apps
