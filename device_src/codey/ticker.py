"""The package's one periodic timer, and what is done at each tick.

A tick is a scheduled callback: it comes between two bytecodes of the main program, and while that
sleeps, polls or waits at the prompt.
"""

from machine import Timer

from codey import script

PERIOD_MS = 10
# The ESP32 has four timers: the panel's scroll uses the last one, the user's program the first.
_TIMER = 2
_jobs = []
_timer = None


def add(job):
    """Call `job` at each tick from now on."""
    global _timer
    if job not in _jobs:
        _jobs.append(job)
    if not _timer:
        _timer = Timer(_TIMER)
        _timer.init(mode=Timer.PERIODIC, period=PERIOD_MS, callback=_tick)


def stop():
    """Forget all jobs."""
    global _timer
    del _jobs[:]
    if _timer:
        _timer.deinit()
        _timer = None


def _tick(_):
    # In the middle of a call: its turn comes 10 ms later.
    if not script.held:
        for job in _jobs:
            job()
