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

constexpr std::size_t kReadBytes = 16 << 10;

// What is read passes through here on its way; nobody keeps it.
std::span<char> read_buffer() {
  static thread_local std::array<char, kReadBytes> buffer;
  return buffer;
}

bool is_later(const ErrorCode& error) {
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

class SocketChannel final : public Channel {
 public:
  SocketChannel(StreamSocket socket, const PeerAddress& peer)
      : socket_(std::move(socket)), peer_(peer) {
    ErrorCode ignored;
    std::ignore = socket_.non_blocking(true, ignored);
  }

  // Waits first and takes a buffer only then, so that who idles holds none. `user` keeps this
  // alive, as it owns it.
  void read_some(std::shared_ptr<User> user) override {
    socket_.async_wait(StreamSocket::wait_read, [this, user = std::move(user)](ErrorCode error) {
      const auto buffer = read_buffer();
      std::size_t bytes = 0;
      if (!error) bytes = socket_.read_some(asio::buffer(buffer.data(), buffer.size()), error);
      if (is_later(error)) return read_some(user);
      user->on_read(end_of(error), std::string_view{buffer.data(), bytes});
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
  static ChannelEnd end_of(const ErrorCode& error) {
    if (!error) return ChannelEnd::kOpen;
    return error == asio::error::eof ? ChannelEnd::kEnded : ChannelEnd::kBroken;
  }

  StreamSocket socket_;
  PeerAddress peer_;
  std::array<asio::const_buffer, kPiecesPerWrite> gathered_;
};

}  // namespace

std::unique_ptr<Channel> make_socket_channel(StreamSocket socket, PeerAddress peer) {
  return std::make_unique<SocketChannel>(std::move(socket), peer);
}

}  // namespace blox::http
