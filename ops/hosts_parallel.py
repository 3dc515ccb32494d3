"""One call for each of many hosts, side by side, without waiting for one that hangs."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int, stall_s: float
) -> list[Result | None]:
    """Call the function for every item, `workers` at a time; None stands for a call that hangs.

    When nothing ended for `stall_s` seconds, what is running then is given up, and what had not begun gets new
    threads. An exception of a call is raised here.
    """
    results: dict[int, Result] = {}
    waiting = list(range(len(items)))
    while waiting:
        waiting = _some(lambda index: function(items[index]), waiting, results, workers=workers, stall_s=stall_s)
    return [results.get(index) for index in range(len(items))]


def _some(
    call: Callable[[int], Result], indexes: Sequence[int], results: dict[int, Result], *, workers: int, stall_s: float
) -> list[int]:
    """Fill the results in until all are there or nothing moves; returns the indexes that never began."""
    pool = ThreadPoolExecutor(min(workers, len(indexes)), thread_name_prefix="hosts")
    futures: dict[Future[Result], int] = {pool.submit(call, index): index for index in indexes}
    running = set(futures)
    try:
        while running:
            done, running = wait(running, timeout=stall_s, return_when=FIRST_COMPLETED)
            if not done:
                break
            results.update({futures[future]: future.result() for future in done})
        return sorted(futures[future] for future in running if future.cancel())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
