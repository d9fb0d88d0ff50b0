// Errors as AWS names them, which the faces turn into answers.
#pragma once

#include <expected>
#include <string>

namespace blox::simulator {

/// `code` is the name of the exception without a namespace: "ClientException".
struct ApiError {
  std::string code;
  std::string message;
  int status = 400;
};

template <class T>
using Outcome = std::expected<T, ApiError>;

inline std::unexpected<ApiError> refuse(std::string code, std::string message) {
  return std::unexpected<ApiError>(ApiError{std::move(code), std::move(message)});
}

}  // namespace blox::simulator
