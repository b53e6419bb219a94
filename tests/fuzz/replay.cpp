// A main() for a fuzz target without libFuzzer: every file of the folders and every file named goes
// through the target once. A missing folder is an error, an empty one is not: fuzzers may not have
// found anything worth keeping.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "fuzz.hpp"

namespace {

namespace fs = std::filesystem;

void run_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
  // On the heap and of the exact size, as libFuzzer does it, so that AddressSanitizer sees a read
  // past the end.
  const auto exact = std::make_unique<std::uint8_t[]>(content.size());
  std::copy(content.begin(), content.end(), exact.get());
  (void)LLVMFuzzerTestOneInput(exact.get(), content.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> inputs;
  for (int i = 1; i < argc; ++i) {
    const fs::path path = argv[i];
    if (!fs::is_directory(path)) {
      inputs.push_back(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path)) {
      inputs.push_back(entry.path());
    }
  }
  std::sort(inputs.begin(), inputs.end());
  for (const fs::path& input : inputs) {
    if (!fs::is_regular_file(input)) {
      std::fprintf(stderr, "replay: error: %s is no file\n", input.c_str());
      return 2;
    }
    // The last name on stderr is the input that broke an invariant.
    std::fprintf(stderr, "%s\n", input.c_str());
    run_file(input);
  }
  std::printf("%zu inputs\n", inputs.size());
  return 0;
}
