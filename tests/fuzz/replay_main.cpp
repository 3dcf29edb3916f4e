// Runs a fuzz target without libFuzzer: the corpus, then random changes of it. No coverage guides it, so it finds less;
// but it needs no clang and is part of every test run, with whatever sanitizer the build has.
//
//   fuzz_NAME_replay CORPUS [--executions N] [--seed N]
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Input> corpus;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

class Mutator {
 public:
  Mutator(const std::vector<Input>& corpus, std::uint64_t seed) : corpus_(corpus), engine_(seed) {}

  Input next() {
    Input input = corpus_[below(corpus_.size())];
    for (std::size_t left = 1 + below(6); left > 0; --left) change(input);
    return input;
  }

 private:
  std::size_t below(std::size_t sides) { return engine_() % sides; }

  void change(Input& input) {
    constexpr std::string_view kTelling = "\"{}[],:\\u0000\x7f\x80\xc3\xffnulltruee-+.0129";
    const std::size_t at = below(input.size() + 1);
    const auto begin = input.begin();
    const auto offset = static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<std::uint8_t>(engine_());
        break;
      case 1:
        if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 2:
        input.insert(begin + offset, static_cast<std::uint8_t>(kTelling[below(kTelling.size())]));
        break;
      case 3:
        if (at < input.size()) {
          input.erase(begin + offset, begin + offset + static_cast<std::ptrdiff_t>(1 + below(input.size() - at)));
        }
        break;
      case 4: {
        const Input& other = corpus_[below(corpus_.size())];
        const std::size_t from = below(other.size() + 1);
        const std::size_t size = std::min(other.size() - from, below(32));
        input.insert(begin + offset, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + size));
        break;
      }
      default:
        if (at < input.size()) input[at] = static_cast<std::uint8_t>(kTelling[below(kTelling.size())]);
        break;
    }
  }

  const std::vector<Input>& corpus_;
  std::mt19937_64 engine_;
};

const Input* running = nullptr;

/// Keeps the input that ended us where it can be found and added to the corpus.
void keep_input(int signal) {
  constexpr char kName[] = "fuzz-finding.bin";
  if (std::FILE* file = running != nullptr ? std::fopen(kName, "wb") : nullptr) {
    std::fwrite(running->data(), 1, running->size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input was kept in %s\n", kName);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS [--executions N] [--seed N]\n", argv[0]);
    return 2;
  }
  std::uint64_t executions = 10'000;
  std::uint64_t seed = 1;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--executions") == 0) executions = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  const std::vector<Input> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus in %s\n", argv[1]);
    return 2;
  }
  std::signal(SIGABRT, keep_input);
  for (const Input& input : corpus) {
    running = &input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  Mutator mutator(corpus, seed);
  for (std::uint64_t i = 0; i < executions; ++i) {
    const Input input = mutator.next();
    running = &input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  running = nullptr;
  std::printf("%zu inputs of the corpus and %llu changed ones, seed %llu: no finding\n", corpus.size(),
              static_cast<unsigned long long>(executions), static_cast<unsigned long long>(seed));
  return 0;
}
