"""Threads on a virtual board: its interpreter has no common lock for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard

#: Threads that wait while the program collects, as handlers of `event` do; timers make the
#: supervisor end waits.
THREADS = """
import _thread, gc, time
from machine import Timer
Timer(0).init(period=1, mode=Timer.PERIODIC, callback=lambda t: None)
for i in range(6):
    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lock.acquire, ())
time.sleep_ms(50)
kept = {}
for i in range(4000):
    kept[i % 50] = [i] * 20
    gc.collect()
    if kept[i % 50] != [i] * 20:
        print("lost", i)
print("ok")
"""


def test_threads_that_wait_survive_collections_while_timers_run(bare: BareBoard) -> None:
    assert bare.run(THREADS) == "ok\n"
