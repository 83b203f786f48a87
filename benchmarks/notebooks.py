"""Time and memory of every solution notebook: `python benchmarks/notebooks.py [--write]`.

Each notebook runs from top to bottom in a fresh kernel, demonstrations included. Time counts from the start
of the kernel to the end of the last cell. Memory is the highest sum of the resident sizes of the kernel and
the processes it started, looked at twenty times a second.
"""

import argparse
import os
import platform
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "benchmarks.md"


@dataclass
class Result:
    """One notebook: seconds of wall time, and the peak of its memory in bytes."""

    name: str
    seconds: float
    peak: int

    def row(self) -> str:
        return f"| {self.name} | {self.seconds:.1f} | {self.peak / 2**20:.0f} |"


class PeakMemory(threading.Thread):
    """Watches the memory of the processes below this one until stop(); shared pages count once where the system tells.

    Args:
        every: seconds between two looks.
    """

    def __init__(self, every: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.peak, self._every = 0, every
        self._done = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._done.wait(self._every):
            processes = me.children(recursive=True)
            if self._sum(processes, "memory_info", "rss") > self.peak:  # cheap, and never less
                self.peak = max(self.peak, self._sum(processes, "memory_full_info", "pss"))

    @staticmethod
    def _sum(processes: list[psutil.Process], look: str, field: str) -> int:
        total = 0
        for process in processes:
            try:
                found = getattr(process, look)()
            except psutil.Error:  # it has ended since
                continue
            total += getattr(found, field, found.rss)
        return total

    def stop(self) -> int:
        self._done.set()
        self.join()
        return self.peak


def measure(path: Path) -> Result:
    """Run one notebook. Raises nbclient's CellExecutionError when a cell fails."""
    nb = nbformat.read(path, as_version=4)
    client = NotebookClient(nb, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    memory = PeakMemory()
    memory.start()
    begin = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - begin
    return Result(path.relative_to(ROOT / "solutions").as_posix(), seconds, memory.stop())


def table(results: list[Result]) -> str:
    return "\n".join(["| notebook | seconds | peak memory, MiB |", "|---|---:|---:|", *(r.row() for r in results)])


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def page(results: list[Result]) -> str:
    """The table with what it was measured on, as Markdown."""
    return (
        "# Time and memory of the solution notebooks\n\n"
        "Made by `make benchmarks`: each notebook from top to bottom in a fresh kernel, demonstrations included.\n"
        f"Measured on {machine()}.\n\n{table(results)}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"also write {TABLE.relative_to(ROOT)}")
    options = parser.parse_args()
    results = []
    for path in sorted((ROOT / "solutions").glob("*/*.ipynb")):
        results.append(measure(path))
        print(results[-1].row(), flush=True)
    if not results:
        raise SystemExit("There is no notebook in solutions/. Run mft build first.")
    print(f"\n{table(results)}")
    if options.write:
        TABLE.write_text(page(results), encoding="utf-8")
        print(f"\nWritten to {TABLE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
