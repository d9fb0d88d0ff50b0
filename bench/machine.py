"""Under which conditions a figure was measured."""

import os
import pathlib
import platform
import subprocess
import tempfile
import time


def load_average():
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


class OtherLoad:
    """How many cores all but this program and its children used since it was made."""

    def __init__(self):
        self.start = time.monotonic()
        self.busy = self.busy_seconds()
        self.own = self.own_seconds()

    @staticmethod
    def busy_seconds():
        user, nice, system, _, _, irq, softirq = map(
            int, pathlib.Path("/proc/stat").read_text().split()[1:8]
        )
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_seconds():
        return sum(os.times()[:4])  # Children count once they have ended.

    def cores(self):
        others = self.busy_seconds() - self.busy - (self.own_seconds() - self.own)
        return max(0.0, others / (time.monotonic() - self.start))


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit(root):
    def git(*arguments):
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--", "src", "apps", "bench") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed


def build_flags(build):
    wanted = ("CMAKE_CXX_COMPILER:", "CMAKE_CXX_FLAGS:")
    lines = (build / "CMakeCache.txt").read_text().splitlines()
    return " ".join(line.split("=", 1)[1] for line in lines if line.startswith(wanted))


def file_system(folder):
    """Type of the file system that `folder` is on."""
    best, found = "", "unknown"
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        inside = folder == pathlib.Path(place) or pathlib.Path(place) in folder.parents
        if inside and len(place) >= len(best):
            best, found = place, kind
    return found


def sync_milliseconds(folder, count=50):
    """Median of fdatasync after a write of 4 KiB."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(count):
            file.write(b"x" * 4096)
            file.flush()
            start = time.monotonic()
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - start)
    return sorted(times)[count // 2] * 1000


def conditions(root, build, folder):
    """`folder`: where the stores that are measured lie."""
    return {
        "cores": str(os.cpu_count()),
        "CPU": cpu_model(),
        "kernel": platform.release(),
        "disk": f"{file_system(folder)}, fdatasync {sync_milliseconds(folder):.2f} ms",
        "load average before": load_average(),
        "commit": commit(root),
        "build": build_flags(build),
    }
