#include "aws/signing.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "base/check.h"
#include "base/text.h"

namespace blox::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string to_hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xfU];
  }
  return text;
}

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view text) {
  Digest digest;
  const int ok =
      EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  check(ok == 1, "OpenSSL computes SHA-256");
  return digest;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  check(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(),
             digest.data(), nullptr) != nullptr,
        "OpenSSL computes HMAC-SHA-256");
  return digest;
}

struct UrlParts {
  std::string host;  // With the port, unless it is the scheme's own.
  std::string_view path;
};

UrlParts split_url(std::string_view url) {
  const bool secure = url.starts_with("https://");
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  const std::size_t slash = std::min(url.find('/'), url.size());
  std::string_view host = url.substr(0, slash);
  const std::string_view own_port = secure ? ":443" : ":80";
  if (host.ends_with(own_port)) host.remove_suffix(own_port.size());
  return {to_lower(host), url.substr(slash)};
}

// All services but S3 sign the path as sent encoded once more.
std::string canonical_path(std::string_view path) {
  if (path.empty()) return "/";
  std::string encoded;
  for (const char letter : path) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || std::string_view{"-._~/"}.find(letter) != std::string::npos) {
      encoded += letter;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", byte);
    }
  }
  return encoded;
}

// Without blanks at the ends, and runs of them as one.
std::string canonical_value(std::string_view value) {
  std::string canonical;
  for (const char letter : value) {
    const bool blank = letter == ' ' || letter == '\t';
    if (blank && (canonical.empty() || canonical.back() == ' ')) continue;
    canonical += blank ? ' ' : letter;
  }
  if (canonical.ends_with(' ')) canonical.pop_back();
  return canonical;
}

struct CanonicalHeaders {
  std::string lines;
  std::string names;  // Joined by ';'.
};

CanonicalHeaders canonicalise(const http::Headers& first, const http::Headers& second,
                              const std::string& host) {
  std::map<std::string, std::string> sorted{{"host", host}};
  for (const http::Headers* headers : {&first, &second}) {
    for (const auto& [name, value] : *headers) {
      sorted.insert_or_assign(to_lower(name), canonical_value(value));
    }
  }
  CanonicalHeaders canonical;
  for (const auto& [name, value] : sorted) {
    canonical.lines += name + ":" + value + "\n";
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
  }
  return canonical;
}

}  // namespace

const std::string& Signer::key_for(const std::string& secret, const std::string& day) {
  if (!key_.empty() && secret_ == secret && day_ == day) return key_;
  const Digest day_key = hmac("AWS4" + secret, day);
  const Digest region_key = hmac(as_text(day_key), scope_.region);
  const Digest service_key = hmac(as_text(region_key), scope_.service);
  secret_ = secret;
  day_ = day;
  return key_ = as_text(hmac(as_text(service_key), "aws4_request"));
}

http::Headers Signer::sign(const http::OutgoingRequest& request, const Credentials& credentials,
                           WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::string stamp = fmt::format("{:%Y%m%dT%H%M%SZ}", seconds);
  const std::string day = stamp.substr(0, 8);
  http::Headers added{{"X-Amz-Date", stamp}};
  if (!credentials.session_token.empty()) {
    added.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }

  const UrlParts url = split_url(request.url);
  const CanonicalHeaders headers = canonicalise(request.headers, added, url.host);
  const std::string canonical_request = request.method + "\n" + canonical_path(url.path) + "\n\n" +
                                        headers.lines + "\n" + headers.names + "\n" +
                                        to_hex(sha256(request.body));
  const std::string valid_for = day + "/" + scope_.region + "/" + scope_.service + "/aws4_request";
  const std::string to_sign = std::string{kAlgorithm} + "\n" + stamp + "\n" + valid_for + "\n" +
                              to_hex(sha256(canonical_request));

  const std::string signature = to_hex(hmac(key_for(credentials.secret_access_key, day), to_sign));

  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                 credentials.access_key_id, valid_for, headers.names, signature));
  return added;
}

}  // namespace blox::aws
