// Printer: what commands say, as aligned tables for people or as JSON for programs.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace blox::cli {

struct PrinterOptions {
  bool json = false;
  bool wide = false;  ///< Tables show whole ARNs, not only what follows the last '/'.
};

/// A value of a row. Empty text and lists are "-" in tables and left out of JSON.
using Value = std::variant<std::string, bool, std::int64_t, std::vector<std::string>>;
using Row = std::vector<Value>;

struct Column {
  std::string title;  ///< In tables.
  std::string field;  ///< In JSON: the name that our HTTP API uses.
};

/// What comes from a service tells the terminal nothing: control characters are escaped.
/// Threading: none. Requires: the streams outlive it.
class Printer {
 public:
  Printer(std::ostream& out, std::ostream& error, PrinterOptions options);

  /// Rows under their titles, or `{"items":[…]}`. Requires: as many values a row as columns.
  void print_list(const std::vector<Column>& columns, const std::vector<Row>& rows);
  /// One line a field, or one object.
  void print_one(const std::vector<Column>& columns, const Row& row);
  /// A sentence about what has been done or is under way: to the error stream in JSON, so that
  /// programs read objects alone.
  void print_note(std::string_view sentence);
  /// A sentence on what was printed that is not to be overlooked: always to the error stream.
  void print_warning(std::string_view sentence);
  /// What could not be done, why, and what to do next (may be empty).
  void print_error(std::string_view what, const Error& why, std::string_view next);

 private:
  std::ostream& out_;
  std::ostream& error_;
  PrinterOptions options_;
};

}  // namespace blox::cli
