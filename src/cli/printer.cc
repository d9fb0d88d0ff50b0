#include "cli/printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <ostream>

#include "base/text.h"
#include "model/arn.h"

namespace blox::cli {
namespace {

std::string shorten(const std::string& text, bool wide) {
  return !wide && text.starts_with("arn:") ? std::string{short_id(text)} : text;
}

std::string cell_text(const Value& value, bool wide) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  std::string text;
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const auto& each : *texts) text += (text.empty() ? "" : ", ") + shorten(each, wide);
  } else {
    text = shorten(std::get<std::string>(value), wide);
  }
  // Whoever may name a task or stop one chooses what stands there.
  return text.empty() ? "-" : escape_control(text);
}

boost::json::object to_json(const std::vector<Column>& columns, const Row& row) {
  boost::json::object json;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& field = columns[i].field;
    if (const auto* text = std::get_if<std::string>(&row[i])) {
      if (!text->empty()) json[field] = *text;
    } else if (const auto* flag = std::get_if<bool>(&row[i])) {
      json[field] = *flag;
    } else if (const auto* number = std::get_if<std::int64_t>(&row[i])) {
      json[field] = *number;
    } else {
      boost::json::array array;
      for (const auto& each : std::get<std::vector<std::string>>(row[i])) array.emplace_back(each);
      if (!array.empty()) json[field] = std::move(array);
    }
  }
  return json;
}

// "\\u009b". Requires: a letter of UTF-8 of up to three bytes.
std::string to_json_escape(std::string_view letter) {
  unsigned code = static_cast<unsigned char>(letter.front());
  if (letter.size() == 2) code &= 0x1f;
  if (letter.size() == 3) code &= 0x0f;
  for (const char byte : letter.substr(1)) {
    code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3fU);
  }
  return fmt::format("\\u{:04x}", code);
}

// On one line. What no terminal is to be told is escaped as JSON has it, which says the same.
std::string to_line(const boost::json::value& json) {
  const std::string text = boost::json::serialize(json);
  std::string line;
  for (std::string_view rest = text; !rest.empty();) {
    // Letters beyond ASCII stand within strings alone; controls of ASCII but DEL are escaped
    // already.
    const auto end = std::min(rest.find_first_of("\x7f\xc2\xe2"), rest.size());
    line += rest.substr(0, end);
    rest.remove_prefix(end);
    const std::size_t size = rest.empty()             ? 0
                             : rest.front() == '\x7f' ? 1
                             : rest.front() == '\xc2' ? 2
                                                      : 3;
    const std::string_view letter = rest.substr(0, size);
    line += escape_control(letter) == letter ? std::string{letter} : to_json_escape(letter);
    rest.remove_prefix(letter.size());
  }
  return line;
}

// Letters, not bytes: those that continue a letter of UTF-8 take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80; }));
}

// Pads all cells but the last, so that no line ends in spaces.
void write_line(std::ostream& out, const std::vector<std::string>& cells,
                const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  out << line << '\n';
}

}  // namespace

Printer::Printer(std::ostream& out, std::ostream& error, PrinterOptions options)
    : out_(out), error_(error), options_(options) {}

void Printer::print_list(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  if (options_.json) {
    boost::json::array items;
    for (const auto& row : rows) items.emplace_back(to_json(columns, row));
    out_ << to_line(boost::json::object{{"items", std::move(items)}}) << '\n';
    return;
  }
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& column : columns) lines.front().push_back(column.title);
  for (const auto& row : rows) {
    auto& cells = lines.emplace_back();
    for (const auto& value : row) cells.push_back(cell_text(value, options_.wide));
  }
  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(cells[i]));
    }
  }
  for (const auto& cells : lines) write_line(out_, cells, widths);
}

void Printer::print_one(const std::vector<Column>& columns, const Row& row) {
  if (options_.json) {
    out_ << to_line(to_json(columns, row)) << '\n';
    return;
  }
  std::size_t width = 0;
  for (const auto& column : columns) width = std::max(width, width_of(column.title));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    // Of one object there is room for whole ARNs, and one asks for it to copy them.
    write_line(out_, {columns[i].title, cell_text(row[i], true)}, {width, 0});
  }
}

void Printer::print_note(std::string_view sentence) {
  (options_.json ? error_ : out_) << escape_control(sentence) << '\n' << std::flush;
}

void Printer::print_warning(std::string_view sentence) {
  error_ << "warning: " << escape_control(sentence) << '\n';
}

void Printer::print_error(std::string_view what, const Error& why, std::string_view next) {
  error_ << "error: " << escape_control(what) << ": " << escape_control(why.message) << '\n';
  if (!next.empty()) error_ << "  " << escape_control(next) << '\n';
}

}  // namespace blox::cli
