"""Work spread over the machine's cores, answered in the order in which it was given."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

from acoustic.errors import ResourceError

AHEAD = 4  # tasks a process that are given before their answers are taken
Task = TypeVar("Task")
Answer = TypeVar("Answer")


def cores() -> int:
    """Processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(work: Callable[[Task], Answer], tasks: Iterable[Task], workers: int = 0) -> Generator[Answer]:
    """What `work` makes of each task, in order, on `workers` processes (0: as many as cores); one task stays here.

    Tasks are taken as they are needed. Where the caller stops, or is interrupted, the processes end at once. Raises
    what `work` raises, ResourceError where a process was ended from outside.
    """
    left, count = iter(tasks), workers or cores()
    some = list(islice(left, 2)) if count > 1 else []
    every = chain(some, left)
    if len(some) < 2:
        yield from map(work, every)
        return
    pool = ProcessPoolExecutor(count, initializer=_ignore_interrupts)
    given: deque[Future[Answer]] = deque()
    try:
        for task in every:
            given.append(pool.submit(work, task))
            if len(given) >= AHEAD * count:
                yield given.popleft().result()
        while given:
            yield given.popleft().result()
    except BrokenProcessPool as error:
        raise ResourceError(
            "a replay process was ended from outside, perhaps for lack of memory; try --workers 1"
        ) from error
    finally:
        if given:
            for process in multiprocessing.active_children():
                process.terminate()
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """An interrupt at the terminal reaches every process; the first one decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
