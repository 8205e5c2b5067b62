"""Times, and how they are printed."""

import statistics
import time
from collections.abc import Callable


def times(count: int, work: Callable[[int], object]) -> list[float]:
    """Milliseconds of `work(0)`, `work(1)`, …"""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        work(number)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def show(what: str, milliseconds: list[float]) -> None:
    taken = sorted(milliseconds)
    at_95 = taken[min(len(taken) - 1, len(taken) * 95 // 100)]
    print(f"  {what:<44} median {statistics.median(taken):8.1f} ms   95% {at_95:8.1f}   most {taken[-1]:8.1f}", flush=True)
