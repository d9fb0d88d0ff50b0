#include "http/route.h"

namespace blox::http {

std::string_view to_text(Cost cost) {
  switch (cost) {
    case Cost::kProbe: return "probe";
    case Cost::kCheap: return "cheap";
    case Cost::kList: return "list";
    case Cost::kStream: return "stream";
    case Cost::kStore: return "store";
    case Cost::kChange: return "change";
  }
  return "cheap";
}

}  // namespace blox::http
