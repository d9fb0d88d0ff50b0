#include "store/value_codec.h"

#include <zstd.h>

#include <algorithm>

#include "base/check.h"
#include "store/store.h"

namespace blox::store {
namespace {

// Shorter values seldom get smaller by more than the frame around them costs.
constexpr std::size_t kCompressFrom = 128;
// The fastest of the regular levels: events are small and alike, so higher ones gain little.
constexpr int kLevel = 1;

}  // namespace

ValueCodec::ValueCodec() : compressor_(ZSTD_createCCtx()), decompressor_(ZSTD_createDCtx()) {
  check(compressor_ && decompressor_, "memory for zstd");
}
ValueCodec::~ValueCodec() = default;

void ValueCodec::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void ValueCodec::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

EncodedValue ValueCodec::encode(std::string_view value) {
  const EncodedValue plain{ValueEncoding::kPlain, value};
  if (value.size() < kCompressFrom) return plain;
  const std::size_t worth = value.size() - value.size() / 8;
  if (buffer_.size() < worth) buffer_.resize(worth);
  // A result that does not fit in what would be worth it ends the compression early.
  const std::size_t size = ZSTD_compressCCtx(compressor_.get(), buffer_.data(), worth, value.data(),
                                             value.size(), kLevel);
  if (ZSTD_isError(size) != 0) return plain;
  return {ValueEncoding::kZstd, std::string_view{buffer_}.substr(0, size)};
}

Result<std::string> ValueCodec::decode(ValueEncoding encoding, std::string_view bytes) {
  if (encoding == ValueEncoding::kPlain) return std::string{bytes};
  if (encoding != ValueEncoding::kZstd) {
    return fail(ErrorKind::kInternal, "a value has encoding " +
                                          std::to_string(static_cast<std::int64_t>(encoding)) +
                                          "; 1 (plain) and 2 (zstd) are known");
  }
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size > kCommitBytesMax) {  // The marks for an error and for "unknown" are greater still.
    return fail(ErrorKind::kInternal, "a compressed value is damaged");
  }
  std::string value(size, '\0');
  const std::size_t restored = ZSTD_decompressDCtx(decompressor_.get(), value.data(), value.size(),
                                                   bytes.data(), bytes.size());
  if (restored != size) return fail(ErrorKind::kInternal, "a compressed value is damaged");
  return value;
}

}  // namespace blox::store
