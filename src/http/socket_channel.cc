#include "http/socket_channel.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <tuple>
#include <utility>

namespace blox::http {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// What each connection has for reading: the usual request fits. The rest of a larger one passes
// through the buffer that all share, which nobody keeps.
constexpr std::size_t kOwnBytes = 1 << 10;
constexpr std::size_t kSharedBytes = 16 << 10;

std::span<char> shared_buffer() {
  static thread_local std::array<char, kSharedBytes> buffer;
  return buffer;
}

class SocketChannel final : public Channel {
 public:
  SocketChannel(StreamSocket socket, const PeerAddress& peer)
      : socket_(std::move(socket)), peer_(peer) {
    ErrorCode ignored;
    std::ignore = socket_.non_blocking(true, ignored);
  }

  void read_some(std::shared_ptr<User> user) override {
    socket_.async_read_some(
        asio::buffer(own_), [this, user = std::move(user)](ErrorCode error, std::size_t bytes) {
          const std::string_view read{own_.data(), bytes};
          user->on_read(end_of(error), bytes < own_.size() ? read : with_rest(read));
        });
  }

  void write_some(std::span<const std::string_view> pieces, std::shared_ptr<User> user) override {
    std::size_t count = 0;
    for (const auto piece : pieces.first(std::min(pieces.size(), gathered_.size()))) {
      gathered_.at(count++) = asio::buffer(piece);
    }
    socket_.async_write_some(std::span<const asio::const_buffer>{gathered_.data(), count},
                             [user = std::move(user)](const ErrorCode& error, std::size_t bytes) {
                               user->on_written(error ? ChannelEnd::kBroken : ChannelEnd::kOpen,
                                                bytes);
                             });
  }

  void shut_down_sending() override {
    ErrorCode ignored;
    std::ignore = socket_.shutdown(StreamSocket::shutdown_send, ignored);
  }

  void close() override {
    ErrorCode ignored;
    std::ignore = socket_.close(ignored);
  }

  const PeerAddress& peer() const override { return peer_; }

 private:
  // `read` and what has come behind it.
  std::string_view with_rest(std::string_view read) {
    const auto buffer = shared_buffer();
    std::ranges::copy(read, buffer.begin());
    ErrorCode nothing_yet;  // Or an end, which the next read tells.
    const std::size_t more = socket_.read_some(
        asio::buffer(buffer.data() + read.size(), buffer.size() - read.size()), nothing_yet);
    return {buffer.data(), read.size() + more};
  }

  static ChannelEnd end_of(const ErrorCode& error) {
    if (!error) return ChannelEnd::kOpen;
    return error == asio::error::eof ? ChannelEnd::kEnded : ChannelEnd::kBroken;
  }

  StreamSocket socket_;
  PeerAddress peer_;
  std::array<char, kOwnBytes> own_;
  std::array<asio::const_buffer, kPiecesPerWrite> gathered_;
};

}  // namespace

std::unique_ptr<Channel> make_socket_channel(StreamSocket socket, PeerAddress peer) {
  return std::make_unique<SocketChannel>(std::move(socket), peer);
}

}  // namespace blox::http
