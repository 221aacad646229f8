"""Stand-in of `time` whose clock only moves when somebody waits, and then at once."""

# It runs as the code in device_src does, and is checked no more than that is.
# ruff: noqa: ANN001, ANN201, PLW0603
# mypy: ignore-errors

import utime

now_ms = 0
now_us = 0
timers = []
ticks_add = utime.ticks_add
ticks_diff = utime.ticks_diff


def ticks_ms():
    return now_ms


def ticks_us():
    """Return the clock; a look at it takes 10 us, so that a loop that waits for it ends."""
    global now_us
    now_us += 10
    return now_us


def sleep_us(us):
    global now_us
    now_us += us


def sleep_ms(ms):
    global now_ms, now_us
    now_us += ms * 1000
    end = now_ms + ms
    while True:
        due = [timer for timer in timers if timer.due_ms <= end]
        if not due:
            break
        timer = min(due, key=lambda timer: timer.due_ms)
        now_ms = timer.due_ms
        timer.due_ms += timer.period_ms
        timer.callback(timer)
    now_ms = end


def sleep(seconds):
    sleep_ms(int(seconds * 1000))
