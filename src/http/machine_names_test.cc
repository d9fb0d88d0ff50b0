// Names out of a text in the form of /etc/hosts.
#include "http/machine_names.h"

#include <gtest/gtest.h>

namespace blox::http {
namespace {

TEST(MachineNames, TakesWhatStandsBesideTheHostName) {
  const char* hosts =
      "127.0.0.1 localhost\n"
      "# 10.0.0.1 build commented.example\n"
      "127.0.1.1\tBuild.corp.example build  # build trailing.example\n"
      "10.0.0.9 rebuild.example rebuild\n";
  EXPECT_EQ(names_beside("build", hosts),
            (std::vector<std::string>{"build.corp.example", "build"}));
  EXPECT_TRUE(names_beside("other", hosts).empty());
  EXPECT_FALSE(machine_names().empty());
}

}  // namespace
}  // namespace blox::http
