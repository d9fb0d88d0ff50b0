#include "blox/demo_screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
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

// UTF-8's bytes after the first of a character.
bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

std::size_t terminal_columns() {
  constexpr std::size_t kUnsaid = 80;
  winsize size{};
  const bool said = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return said ? size.ws_col : kUnsaid;
}

std::string cut_to_columns(std::string_view text, std::size_t columns) {
  if (columns == 0) return {};
  std::size_t count = 0;
  std::size_t before_last = 0;  // Where the character of the last column begins.
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (++count == columns) before_last = i;
    if (count > columns) return std::string{text.substr(0, before_last)} + "…";
  }
  return std::string{text};
}

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
  if (!columns_) {
    line(now, text);
    return;
  }
  // One row alone is cleared, and a full row would put the cursor into the next.
  const std::chrono::duration<double> elapsed = now - start_;
  const std::string shown = fmt::format("[{:6.2f} s] {}", elapsed.count(), text);
  const std::size_t columns = std::max<std::size_t>(columns_(), 2);
  out_ << "\r\x1b[2K" << cut_to_columns(shown, columns - 1) << std::flush;
  progress_open_ = true;
}

}  // namespace blox::apps
