"""The layer check bites: a forbidden include, an unknown folder, a file outside the table."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_layers  # noqa: E402

TABLE = check_layers.read_table("# order\nbase:\nmodel: base\na/b: base model\n")


class CheckLayers(unittest.TestCase):
    def test_rows(self):
        rows = [
            ("own folder", "model/x.cc", '#include "model/x.h"', 0),
            ("a row's name", "a/b/x.cc", '#include "model/x.h"\n#include "base/y.h"', 0),
            ("system headers do not count", "base/x.cc", "#include <model/x.h>", 0),
            ("upwards", "base/x.cc", '#include "model/x.h"', 1),
            ("no such folder", "model/x.cc", '#include "nowhere/x.h"', 1),
            ("a file outside the table", "c/x.cc", "", 1),
        ]
        for name, path, text, count in rows:
            with self.subTest(name):
                self.assertEqual(len(check_layers.broken({path: text}, TABLE)), count)


if __name__ == "__main__":
    unittest.main()
