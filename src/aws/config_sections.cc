#include "aws/config_sections.h"

#include <vector>

namespace blox::aws {
namespace {

// Takes words apart as Python's shlex.split does, and so a POSIX shell: blanks in between, quotes
// and backslashes. Nothing when a quote does not end.
class WordSplitter {
 public:
  std::optional<std::vector<std::string>> split(std::string_view text) {
    for (; !text.empty(); text.remove_prefix(1)) {
      if (text.front() != '\\' || quote_ == '\'') {
        take(text.front());
        continue;
      }
      text.remove_prefix(1);
      if (text.empty()) return std::nullopt;
      const bool is_escape = quote_ == 0 || text.front() == '"' || text.front() == '\\';
      if (!is_escape) add('\\');
      add(text.front());
    }
    if (quote_ != 0) return std::nullopt;
    end_word();
    return std::move(words_);
  }

 private:
  void take(char letter) {
    if (quote_ != 0) {
      if (letter == quote_) {
        quote_ = 0;
      } else {
        add(letter);
      }
    } else if (letter == '"' || letter == '\'') {
      quote_ = letter;
      if (!word_) word_.emplace();
    } else if (letter == ' ' || letter == '\t') {
      end_word();
    } else {
      add(letter);
    }
  }
  void add(char letter) {
    if (!word_) word_.emplace();
    word_->push_back(letter);
  }
  void end_word() {
    if (word_) words_.push_back(*std::move(word_));
    word_.reset();
  }

  std::vector<std::string> words_;
  std::optional<std::string> word_;
  char quote_ = 0;  // The one that is open.
};

}  // namespace

std::optional<std::string> name_config_section(std::string_view section) {
  if (section == "default") return std::string{section};
  for (const std::string_view kind : {"profile", "sso-session", "services"}) {
    if (!section.starts_with(kind)) continue;
    const auto words = WordSplitter{}.split(section);
    if (!words || words->size() != 2) return std::nullopt;
    if (kind == "profile") return words->back();
    return std::string{kind} + " " + words->back();
  }
  return std::nullopt;
}

}  // namespace blox::aws
