"""Each rule bites on a line that breaks it, and lets the line that is meant pass."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_rules  # noqa: E402


def function(head, lines):
    """Of so many lines; braces in text and comments do not count."""
    return head + " {\n" + 'a("}");  // }\n' * (lines - 2) + "}\n"


class CheckRules(unittest.TestCase):
    def test_rows(self):
        rows = [
            ("src/store/x.cc", "std::thread worker;", 1),
            ("src/store/sqlite_worker.cc", "std::thread worker;", 0),
            ("src/view/x.cc", "std::mutex lock;", 1),
            ("src/view/x.cc", "// a std::mutex would do\n", 0),
            ("tests/x.cc", "std::this_thread::sleep_for(1s);", 1),
            ("src/x/x.cc", "co_await sleep_for(executor, 1s);", 0),
            ("src/x/x.cc", "auto t = std::chrono::system_clock::now();", 1),
            ("src/base/io_loop.cc", "clock_gettime(CLOCK_BOOTTIME, &time);", 0),
            ("src/x/x.cc", "std::uniform_int_distribution<int> d;", 1),
            ("src/x/x.cc", "asio::steady_timer t;", 1),
            ("src/http/x.cc", "asio::steady_timer t;", 0),
            ("src/scheduler/plan/x.cc", "std::unordered_map<int, int> m;", 1),
            ("src/store/x.cc", "std::unordered_map<int, int> m;", 0),
            ("src/codec/x.cc", "std::unordered_map<int, int> m;", 1),
            ("src/simulator/x.cc", "std::unordered_set<int> m;", 1),
            ("apps/blox/x.cc", "std::thread worker;", 1),
            ("apps/blox/x.cc", "std::mutex lock;", 1),
            ("apps/blox/x.cc", "auto t = std::chrono::steady_clock::now();", 1),
            ("apps/blox/x.cc", "asio::io_context loop;", 1),
            ("tests/simulation/x.cc", "std::mutex lock;", 1),
            ("tests/integration/x.cc", "std::mutex lock;", 0),
            ("apps/blox/x.cc", "#include <curl/curl.h>", 1),
            ("src/x/x.cc", "// TODO: later", 1),
            ("src/x/x.cc", "int a;\n" * 501, 1),
            ("src/x/x.cc", function("int f(int a)", 70), 0),
            ("src/x/x.cc", function("int f(int a)", 71), 1),
            ("src/x/x.cc", function("int C::f(\n    int a) const", 71), 1),
            ("src/x/x.cc", function("namespace x", 71), 0),
            ("src/x/x.cc", function("struct X final : Base", 71), 0),
            ("src/x/x_test.cc", function("TEST(X, Y)", 71), 0),
        ]
        for path, text, count in rows:
            with self.subTest(path=path, text=text[:40]):
                self.assertEqual(len(check_rules.broken({path: text})), count)


if __name__ == "__main__":
    unittest.main()
