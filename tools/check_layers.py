"""Holds every #include of src against tools/layers.txt: who may include whom."""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read_table(text):
    """{folder: set of folders it may include}, the folder itself among them."""
    table = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, _, allowed = line.partition(":")
        table[folder.strip()] = {folder.strip(), *allowed.split()}
    return table


def folder_of(path, table):
    """The folder of the table that holds `path` (relative to src), or None."""
    parent = str(pathlib.PurePosixPath(path).parent)
    return parent if parent in table else None


def broken(files, table):
    """Sentences, one a broken rule. `files`: {path relative to src: text}."""
    problems = []
    for path, text in sorted(files.items()):
        folder = folder_of(path, table)
        if folder is None:
            problems.append(f"src/{path}: its folder has no row in tools/layers.txt")
            continue
        for included in INCLUDE.findall(text):
            target = folder_of(included, table)
            if target is None:
                problems.append(f'src/{path}: includes "{included}", which is no folder of src')
            elif target not in table[folder]:
                allowed = " ".join(sorted(table[folder] - {folder})) or "nothing"
                problems.append(
                    f'src/{path}: {folder} may not include "{included}"; it may include {allowed}'
                )
    return problems


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    table = read_table((root / "tools/layers.txt").read_text())
    source = root / "src"
    files = {
        str(path.relative_to(source)): path.read_text()
        for path in source.rglob("*")
        if path.suffix in (".h", ".cc")
    }
    problems = broken(files, table)
    print("\n".join(problems) if problems else f"layers hold in {len(files)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
