#include "simulation/last_words.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

// The sanitizers' runtime has it; other builds do not.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());  // NOLINT

namespace blox::simulation {
namespace {

// Everything that a signal handler may touch stands ready.
std::array<char, 201> words{};
std::size_t words_size = 0;

constexpr std::array kSignals{SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
std::array<struct sigaction, kSignals.size()> before{};

void speak() {
  if (words_size == 0) return;
  [[maybe_unused]] const auto written = write(STDERR_FILENO, words.data(), words_size);
  words_size = 0;
}

// Then whoever handled the signal before has it.
void on_signal(int signal, siginfo_t* info, void*) {
  speak();
  const auto place = std::ranges::find(kSignals, signal) - kSignals.begin();
  sigaction(signal, &before[static_cast<std::size_t>(place)], nullptr);
  // A fault of the machine comes again by itself when this returns.
  const bool sent = info == nullptr || info->si_code <= 0;
  if (sent) raise(signal);
}

void listen() {
  static bool listening = false;
  if (listening) return;
  listening = true;
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before[i]);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(speak);
}

}  // namespace

LastWords::LastWords(const std::string& text) {
  listen();
  const std::size_t size = std::min(text.size(), words.size() - 1);
  std::memcpy(words.data(), text.data(), size);
  words[size] = '\n';
  words_size = size + 1;
}

LastWords::~LastWords() { words_size = 0; }

}  // namespace blox::simulation
