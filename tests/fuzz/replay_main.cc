// Runs fuzz targets without a fuzzer: each input that is kept, once, in the order of the names.
//   blox_fuzz_replay NAME PATH…      PATHs are inputs and folders of inputs
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// Each target's function is called LLVMFuzzerTestOneInput in its file; here all are in one program,
// and the build gives each the name blox_fuzz_NAME.
#define FUZZ_TARGET(name) \
  extern "C" int blox_fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

Target find_target(std::string_view wanted) {
#define FUZZ_TARGET(name) \
  if (wanted == #name) return &blox_fuzz_##name;
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
  return nullptr;
}

// A folder that is not there holds nothing: a target may have no regressions.
std::vector<std::string> list_inputs(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    if (fs::is_regular_file(path)) inputs.push_back(path);
    if (!fs::is_directory(path)) continue;
    for (const auto& entry : fs::recursive_directory_iterator{path}) {
      if (entry.is_regular_file()) inputs.push_back(entry.path().string());
    }
  }
  std::ranges::sort(inputs);
  return inputs;
}

// From a copy of just its size, so that reading beyond it is seen.
void run(Target target, const std::vector<std::uint8_t>& input) {
  target(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const Target target = arguments.empty() ? nullptr : find_target(arguments.front());
  if (target == nullptr) {
    std::fprintf(stderr, "blox_fuzz_replay NAME PATH...; NAME is one of\n");
#define FUZZ_TARGET(name) std::fprintf(stderr, "  %s\n", #name);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
    return 2;
  }
  const auto inputs = list_inputs({arguments.begin() + 1, arguments.end()});
  if (inputs.empty()) {
    std::fprintf(stderr, "blox_fuzz_replay: no inputs for %s\n", arguments.front().c_str());
    return 2;
  }
  run(target, {});
  for (const auto& path : inputs) {
    // Before it runs: should it end the process, this is the last line.
    std::fprintf(stderr, "%s\n", path.c_str());
    std::ifstream file{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    run(target, {text.begin(), text.end()});
  }
  std::printf("%zu inputs\n", inputs.size());
  return 0;
}
