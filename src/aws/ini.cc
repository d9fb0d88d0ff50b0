#include "aws/ini.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace blox::aws {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlanks = " \t\v\f";
// Holds in every section to configparser, which would take memory by the square of the file.
constexpr std::string_view kDefaults = "DEFAULT";
// Of a key with others nested under it. They repeat it, so that a long one would take memory by the
// square of the file.
constexpr std::size_t kOuterKeyBytesMax = 64;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_comment(std::string_view trimmed) {
  return trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';';
}

// A comment behind a value begins with a blank, so that '#' may stand within a secret.
std::string_view without_comment(std::string_view value) {
  for (const std::string_view start : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(start));
  }
  return value;
}

// Takes the first line off `text`, which ends with "\n", "\r\n" or "\r".
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) text.remove_prefix(1);
  if (!text.empty()) text.remove_prefix(1);
  return line;
}

class IniParser {
 public:
  explicit IniParser(const NameSection& name_of) : name_of_(name_of) {}

  /// Errors: kInvalid, what is wrong with the line.
  Status take(std::string_view raw) {
    const std::string_view line = trim(raw);
    if (is_comment(line)) return done();
    const std::size_t indent = raw.find_first_not_of(kBlanks);
    if (!key_.empty() && indent > indent_) return take_deeper(line);
    if (line.front() == '[') return take_section(line);
    const std::size_t end = line.find_first_of("=:");
    if (end == std::string_view::npos || end == 0) return bad("has no key");
    if (section_ == nullptr) return bad("stands before the first section");
    key_ = to_lower(trim(line.substr(0, end)));
    indent_ = indent;
    const auto [place, is_new] =
        section_->try_emplace(key_, trim(without_comment(line.substr(end + 1))));
    if (is_new) return done();
    return twice("sets " + quote(key_) + " of section " + quote(section_name_));
  }

  IniSections finish() { return std::move(sections_); }

 private:
  using Section = std::map<std::string, std::string>;

  static std::unexpected<Error> bad(const char* why) {
    return fail(ErrorKind::kInvalid,
                std::string{why} + "; allowed are [section], key = value and # comment");
  }
  static std::unexpected<Error> twice(const std::string& what) {
    return fail(ErrorKind::kInvalid, what + " a second time; nobody knows which one is meant");
  }

  // The name reaches to the last ']', so that one may stand within it.
  Status take_section(std::string_view line) {
    const std::size_t close = line.rfind(']');
    if (close == std::string_view::npos || close == 1) return bad("has no ']' behind a name");
    if (!is_comment(trim(line.substr(close + 1)))) return bad("goes on behind its ']'");
    section_name_ = line.substr(1, close - 1);
    key_.clear();
    if (section_name_ == kDefaults) {
      return fail(ErrorKind::kInvalid,
                  "opens [DEFAULT], which is not supported; set its keys in the sections");
    }
    const auto name = name_of_(section_name_);
    section_ = name ? &sections_[*name] : &unnamed_;
    unnamed_.clear();
    const bool is_new =
        seen_.insert(section_name_).second && (!name || named_.insert(*name).second);
    if (is_new) return done();
    return twice("opens section " + quote(section_name_));
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

  const NameSection& name_of_;
  IniSections sections_;
  Section unnamed_;              // Of the section at hand, when it is nothing to us.
  std::set<std::string> seen_;   // Sections by what stands in their brackets,
  std::set<std::string> named_;  // and by what they are called.
  Section* section_ = nullptr;
  std::string section_name_;
  std::string key_;  // The last one of the section, and how deep it stands.
  std::size_t indent_ = 0;
};

}  // namespace

Result<IniSections> parse_ini(std::string_view text, const NameSection& name_of) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  IniParser parser{name_of};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const Status taken = parser.take(take_line(text));
    if (!taken) {
      return fail(ErrorKind::kInvalid,
                  "line " + std::to_string(number) + " " + taken.error().message);
    }
  }
  return parser.finish();
}

Result<IniSections> parse_ini(std::string_view text) {
  return parse_ini(text, [](std::string_view name) { return std::string{name}; });
}

}  // namespace blox::aws
