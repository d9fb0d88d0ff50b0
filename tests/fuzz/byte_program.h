// Byte programs: an input of the fuzzer as a small program that says what a peer sends, so that
// long and finely cut traffic costs few bytes, and a changed byte changes one thing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace blox::fuzz {

/// Bounds of what one program may do. What is beyond them is not sent.
inline constexpr std::size_t kProgramBytesMax = std::size_t{1} * 1'024 * 1'024;
inline constexpr std::size_t kProgramSegmentsMax = 5'000;
/// Of one repeat.
inline constexpr std::size_t kRepeatBytesMax = 500'000;
/// Of one literal.
inline constexpr std::size_t kLiteralBytesMax = 64;
/// How many pieces one repeat may repeat.
inline constexpr std::size_t kRepeatPiecesMax = 4;

/// One thing that the peer does.
struct Step {
  enum class Kind : std::uint8_t {
    kSegment,     ///< Sends `bytes`, at once.
    kEndSending,  ///< Sends nothing more, and reads on.
    kClose,       ///< Is gone.
  };
  Kind kind = Kind::kSegment;
  std::string bytes;  ///< Of kSegment alone; not empty.
  friend bool operator==(const Step&, const Step&) = default;
};

/// What the program `data` does, in order. Shape: segments, then perhaps kEndSending, then perhaps
/// kClose; without either the peer waits. Every text is a program:
///
///   opcode (modulo 16)  operands      sends
///   0 7 12  literal     n, bytes      1 + n % kLiteralBytesMax bytes, fewer when the data end
///   1 8-11  word        w             words[w % words.size()]
///   2 14    repeat      p, m, s       the last 1 + p % 4 literals and words again, until these are
///                                     (m + 1) << shift bytes or more, the shift 0 for s % 16 <= 5
///                                     and up to 14 for 15; kRepeatBytesMax is enough in any case
///   3 15    cut repeat  p, m, s, at   the same, and in each copy a split before byte
///                                     at % (its size)
///   4 13    split       -             what follows is a new segment
///   5       end sending -             kEndSending; only a close has effect after it
///   6       close       -             kClose, the last step
///
/// The opcodes 0 to 9 are the digits as well. Where data end within the operands, the program
/// ends. Requires: `words` is not empty.
std::vector<Step> decode_byte_program(std::span<const std::uint8_t> data,
                                      std::span<const std::string_view> words);

/// What an HTTP/1.1 peer says, right and wrong. Words are only ever added, at the end: programs
/// that are kept name them by their place.
std::span<const std::string_view> http_words();

}  // namespace blox::fuzz
