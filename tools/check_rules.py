"""Rules of the house that a machine can hold: each says what to use instead.

A rule is a pattern that must not stand in a file, unless the file is named as one that may.
Comments do not count.
"""

import pathlib
import re
import sys

# Those that keep a thread of their own, and tests of what runs beside them.
OWN_THREADS = (
    "src/base/io_loop_test.cc",
    "src/cluster_state/api/list_body_test.cc",
    "src/store/sqlite_worker.cc",
    "src/store/sqlite_worker.h",
    "src/http/curl_loop.cc",
    "src/http/curl_loop.h",
    "src/http/curl_transport.cc",
    "src/http/curl_transport_test.cc",
    "src/http/loopback_for_tests.h",
    "src/http/raw_server_for_tests.h",
)

# What runs in the simulation.
SIMULATED = ("src", "apps", "tests/simulation")

# (name, pattern, folders it holds in, files that may, what to use instead)
RULES = [
    (
        "threads",
        r"std::(jthread|thread|async)\b(?!::hardware)",
        SIMULATED,
        OWN_THREADS,
        "Executor::post and Scope; only SQLite and libcurl keep threads of their own",
    ),
    (
        "locks",
        r"std::(recursive_|shared_|timed_)?mutex\b|std::condition_variable",
        SIMULATED,
        OWN_THREADS,
        "one strand owns a service's state; Promise::set brings values back to it",
    ),
    (
        "sleeps",
        r"\bsleep_for\s*\(\s*std::chrono|this_thread::sleep|\b(u|nano)sleep\s*\(",
        ("src", "tests", "apps", "bench"),
        (),
        "co_await sleep_for(executor, …)",
    ),
    (
        "real time",
        r"(system|steady|high_resolution)_clock::now|clock_gettime|\bgettimeofday\b|\btime\(nullptr\)",
        SIMULATED,
        # The latter counts seeds a second, in front of the simulated worlds.
        ("src/base/io_loop.cc", "tests/simulation/simulate_main.cc"),
        "Executor::now and Executor::wall_now; deciding code takes the time as a value",
    ),
    (
        "real chance",
        r"std::random_device|std::(uniform|normal|bernoulli|poisson|exponential)\w*_distribution|\brand\(\)|std::shuffle\b",
        ("src", "apps", "tests"),
        ("src/base/random.cc",),
        "blox::Random, handed down with its seed",
    ),
    (
        "Asio timers and loops",
        r"\b(steady|system|deadline|high_resolution)_timer\b|asio::io_context|asio::awaitable|co_spawn",
        SIMULATED,
        ("src/base/io_loop.cc", "src/base/io_loop.h", "src/http/*"),
        "Executor, Async and Scope (docs/decisions/0002)",
    ),
    (
        "unordered containers where decisions are made",
        r"std::unordered_(map|set)",
        ("src/scheduler", "src/cluster_state", "src/codec", "src/client", "src/simulator", "apps"),
        ("src/simulator/timers.h",),  # Looked up by key alone.
        "std::map or std::set: decisions must not depend on the order of a hash",
    ),
    (
        "Beast and libcurl outside http",
        r"boost/beast|<curl/",
        ("src", "apps", "tests", "bench"),
        ("src/http/*",),
        "http::Server and http::Transport",
    ),
    (
        "left for later",
        r"\b(TODO|FIXME|XXX|HACK)\b",
        ("src", "apps", "tests", "bench", "tools"),
        ("tools/check_rules.py", "tools/check_rules_test.py"),
        "do it, or an owner and a line in docs/",
    ),
]

LINES_MAX = 500
LONG_FILES = {}  # {path: why it may be longer}
FUNCTION_LINES_MAX = 70
# Blocks that are no function, and tests, which are tables.
NO_FUNCTION = re.compile(r"(namespace|class|struct|enum|extern|union|TEST(_F|_P)?\b)|[^)]*$")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
# Braces in there are text.
TEXT = re.compile(
    r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|' + COMMENT.pattern, re.DOTALL
)


def allowed(path, names):
    return any(path == name or (name.endswith("/*") and path.startswith(name[:-1]))
               for name in names)


def long_functions(text):
    """(line, number of lines) of each function over the limit."""
    code = TEXT.sub(lambda found: "\n" * found.group().count("\n"), text)
    opened = []  # (what stands before the brace, its line)
    found = []
    head, line = "", 1
    for letter in code:
        if letter == "{":
            opened.append((head.strip(), line))
        elif letter == "}" and opened:
            before, first = opened.pop()
            if line - first + 1 > FUNCTION_LINES_MAX and not NO_FUNCTION.match(before):
                found.append((first, line - first + 1))
        line += letter == "\n"
        head = "" if letter in "{};" else head + letter
    return found


def broken(files):
    """Sentences, one a broken rule. `files`: {path relative to the root: text}."""
    problems = []
    for path, text in sorted(files.items()):
        if text.count("\n") > LINES_MAX and path not in LONG_FILES:
            problems.append(f"{path}: over {LINES_MAX} lines; one idea a file")
        keeps_comments = text
        code = COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
        for line, count in long_functions(text):
            problems.append(f"{path}:{line}: {count} lines in a function; at most {FUNCTION_LINES_MAX}")
        for name, pattern, folders, exempt, instead in RULES:
            if not path.startswith(tuple(folder + "/" for folder in folders)):
                continue
            if allowed(path, exempt):
                continue
            searched = keeps_comments if name == "left for later" else code
            for found in re.finditer(pattern, searched):
                line = searched.count("\n", 0, found.start()) + 1
                problems.append(f"{path}:{line}: {name}: '{found.group()}'; use {instead}")
    return problems


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    files = {
        str(path.relative_to(root)): path.read_text()
        for folder in ("src", "apps", "tests", "bench")
        for path in (root / folder).rglob("*")
        if path.suffix in (".h", ".cc")
    }
    problems = broken(files)
    print("\n".join(problems) if problems else f"rules hold in {len(files)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
