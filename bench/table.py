"""The one table that the bench prints."""

import collections

# `reached` is None where a figure does not count; `others` is how many cores the rest of the
# machine used meanwhile.
Result = collections.namedtuple("Result", "row conditions figure goal reached others", defaults=[0])

HEADINGS = ("row", "conditions", "others' cores", "figure", "goal", "reached")


def print_conditions(conditions):
    width = max(map(len, conditions))
    for name, value in conditions.items():
        print(f"{name:{width}}  {value}")
    print(flush=True)


def mark(result):
    if result.reached is None:
        return "FAILED"
    return "yes" if result.reached else "NO"


def print_results(results):
    lines = [HEADINGS]
    for result in results:
        row, conditions, figure, goal = result[:4]
        lines.append((row, conditions, f"{result.others:.1f}", figure, goal, mark(result)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths))
        print("| " + " | ".join(cells) + " |")
    print()
