// How a value stands in the file: as it is, or compressed when that saves enough.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace blox::store {

/// The column `encoding`. The numbers stand in files: never change one.
enum class ValueEncoding : std::int64_t { kDeleted = 0, kPlain = 1, kZstd = 2 };

struct EncodedValue {
  ValueEncoding encoding;
  std::string_view bytes;
};

/// Compresses and restores values. Threading: one thread at a time.
class ValueCodec {
 public:
  ValueCodec();
  ~ValueCodec();

  /// Compressed if that saves an eighth or more. The bytes stay until the next call, or as long as
  /// `value`.
  EncodedValue encode(std::string_view value);
  /// Errors: kInternal (the bytes are not what encode() made).
  Result<std::string> decode(ValueEncoding encoding, std::string_view bytes);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx_s, Free> decompressor_;
  std::string buffer_;
};

}  // namespace blox::store
