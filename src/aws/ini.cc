#include "aws/ini.h"

#include <utility>

#include "base/text.h"

namespace blox::aws {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Of a key with others nested under it. They repeat it, so that a long one would take memory by the
// square of the file.
constexpr std::size_t kOuterKeyBytesMax = 64;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A comment behind a value begins with a blank, so that '#' may stand within a secret.
std::string_view without_comment(std::string_view value) {
  for (const std::string_view start : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(start));
  }
  return value;
}

class IniParser {
 public:
  /// Errors: kInvalid, what is wrong with the line.
  Status take(std::string_view raw) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') return done();
    const std::size_t indent = raw.find_first_not_of(" \t");
    if (!key_.empty() && indent > indent_) return take_deeper(line);
    if (line.front() == '[') return take_section(line);
    const std::size_t end = line.find_first_of("=:");
    if (end == std::string_view::npos || end == 0) return bad("has no key");
    if (section_ == nullptr) return bad("stands before the first section");
    key_ = to_lower(trim(line.substr(0, end)));
    indent_ = indent;
    (*section_)[key_] = trim(without_comment(line.substr(end + 1)));
    return done();
  }

  IniSections finish() { return std::move(sections_); }

 private:
  static std::unexpected<Error> bad(const char* why) { return fail(ErrorKind::kInvalid, why); }

  Status take_section(std::string_view line) {
    const std::size_t close = line.find(']');
    if (close == std::string_view::npos) return bad("has no ']'");
    section_ = &sections_[std::string{trim(line.substr(1, close - 1))}];
    key_.clear();
    return done();
  }

  // Nested under a key without a value; else the value goes on.
  Status take_deeper(std::string_view line) {
    std::string& value = (*section_)[key_];
    if (!value.empty()) {
      value.append("\n").append(trim(without_comment(line)));
      return done();
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad("has no key");
    if (key_.size() > kOuterKeyBytesMax) return bad("is nested under a key of over 64 bytes");
    (*section_)[key_ + "." + to_lower(trim(line.substr(0, equals)))] =
        trim(without_comment(line.substr(equals + 1)));
    return done();
  }

  IniSections sections_;
  std::map<std::string, std::string>* section_ = nullptr;
  std::string key_;  // The last one of the section, and how deep it stands.
  std::size_t indent_ = 0;
};

}  // namespace

Result<IniSections> parse_ini(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  IniParser parser;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const Status taken = parser.take(text.substr(0, end));
    if (!taken) {
      return fail(ErrorKind::kInvalid, "line " + std::to_string(number) + " " +
                                           taken.error().message +
                                           "; allowed are [section], key = value and # comment");
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parser.finish();
}

}  // namespace blox::aws
