#include "simulator/paging.h"

#include <openssl/evp.h>

#include <string_view>
#include <vector>

namespace blox::simulator {
namespace {

std::string to_base64(std::string_view text) {
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // With the zero that OpenSSL adds.
  // OpenSSL works on bytes of the other sign.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  encoded.pop_back();
  return encoded;
}

// Empty for what is not base64.
std::string from_base64(std::string_view text) {
  std::string decoded(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  decoded.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  // What stands for padding is decoded to zeros.
  while (!decoded.empty() && decoded.back() == '\0') decoded.pop_back();
  return decoded;
}

std::string prefix_of(std::string_view list) { return std::string{list} + "\n"; }

}  // namespace

std::string make_page_token(std::string_view list, std::string_view key) {
  return to_base64(prefix_of(list).append(key));
}

std::string read_page_token(JsonInput& input, std::string_view field, std::string_view list) {
  static constexpr std::size_t kTokenBytesMax = 4'096;
  const std::string token = input.text(field);
  if (token.empty()) return {};
  const std::string prefix = prefix_of(list);
  const std::string text = token.size() <= kTokenBytesMax ? from_base64(token) : std::string{};
  if (text.size() > prefix.size() && text.starts_with(prefix)) return text.substr(prefix.size());
  input.reject(field, boost::json::value(token), "a token that this list gave");
  return {};
}

PageRequest read_page(JsonInput& input, std::string_view list) {
  PageRequest page;
  page.list = list;
  page.count_max = static_cast<std::size_t>(input.number("maxResults", 100, 1, 100));
  page.after = read_page_token(input, "nextToken", list);
  return page;
}

}  // namespace blox::simulator
