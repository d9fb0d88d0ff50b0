// What of a URL may be shown, by table.
#include "http/url.h"

#include <gtest/gtest.h>

#include <utility>

namespace blox::http {
namespace {

TEST(Url, ShowsNoUserInfo) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://user:secret@css:3000", "http://css:3000"},
      {"https://secret@css/path?a=b#c", "https://css/path?a=b#c"},
      {"user:secret@css:3000", "css:3000"},
      {"http://user:s@secret@css", "http://css"},
      {"http://user:se/secret@css", "http://css"},
      {"http://user:se?secret#secret@css", "http://css"},
      {"user:secret://secret@css", "css"},
      {"://secret@css", "css"},
      {"/secret@css", "css"},
      {"http://user:secret@", "http://"},
      {"@", ""},
      {"", ""},
      {"http://css:3000/", "http://css:3000/"},
      {"css:3000", "css:3000"},
  };
  for (const auto& [endpoint, shown] : rows) {
    EXPECT_EQ(without_userinfo(endpoint), shown) << endpoint;
  }
}

}  // namespace
}  // namespace blox::http
