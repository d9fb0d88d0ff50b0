// Channel: the bytes of one connection, whatever carries them. The connection above it knows no
// socket; encryption and other threads come behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "http/peer.h"

namespace blox::http {

/// How a read or write ended.
enum class ChannelEnd : std::uint8_t {
  kOpen,    ///< It may go on.
  kEnded,   ///< The peer sends no more; it may still read.
  kBroken,  ///< Nothing goes either way any more.
};

/// Threading: the loop's thread. One read and one write may be under way at a time.
class Channel {
 public:
  /// Whoever reads and writes. Kept alive by what is under way.
  class User {
   public:
    virtual ~User() = default;
    /// `bytes`, at least one if kOpen, are valid during the call.
    virtual void on_read(ChannelEnd end, std::string_view bytes) = 0;
    /// `bytes` of what was to be written are out of our hands.
    virtual void on_written(ChannelEnd end, std::size_t bytes) = 0;
  };
  /// What one write takes of `pieces`, and no more.
  static constexpr std::size_t kPiecesPerWrite = 64;

  virtual ~Channel() = default;
  /// Calls on_read once, when something has come; never from within this call.
  virtual void read_some(std::shared_ptr<User> user) = 0;
  /// Calls on_written once, when some of `pieces` has been taken; never from within this call.
  /// Requires: at least one byte in `pieces`; their bytes stay where they are until then.
  virtual void write_some(std::span<const std::string_view> pieces, std::shared_ptr<User> user) = 0;
  /// Tells the peer that no more comes.
  virtual void shut_down_sending() = 0;
  /// Ends both directions at once; what is under way is told kBroken, later.
  virtual void close() = 0;
  virtual const PeerAddress& peer() const = 0;
};

}  // namespace blox::http
