// Pieces in the order added, written bit by bit.
#include "http/outgoing.h"

#include <gtest/gtest.h>

namespace blox::http {
namespace {

std::string rest_of(const Outgoing& outgoing) {
  std::string rest;
  for (const auto piece : outgoing.rest()) rest.append(piece).push_back('|');
  return rest;
}

TEST(Outgoing, GoesOnInTheMiddleOfAPiece) {
  Outgoing outgoing;
  outgoing.begin("head");
  outgoing.add("");
  outgoing.add(Slices{{nullptr, "one"}, {nullptr, ""}, {nullptr, "two"}});
  EXPECT_EQ(outgoing.bytes(), 10u);
  EXPECT_EQ(rest_of(outgoing), "head|one|two|");
  outgoing.advance(5);
  EXPECT_EQ(rest_of(outgoing), "ne|two|");
  outgoing.advance(2);
  EXPECT_EQ(rest_of(outgoing), "two|");
  outgoing.advance(3);
  EXPECT_TRUE(outgoing.rest().empty());
  outgoing.begin("");
  EXPECT_TRUE(outgoing.rest().empty());
}

}  // namespace
}  // namespace blox::http
