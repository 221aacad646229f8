"""Who runs: the main program, or a handler that an event has started.

Handlers take turns with the main program; `codey.handler` tells how. Every call of the API begins
with `point()` or inside `with whole`, and waits by `sleep_ms()`: there a handler makes room for the
others, and there a handler that was stopped or started anew ends.

This module is small and always there; the machinery is loaded with the first handler.
"""

from time import sleep_ms as _wait_ms


class Stopped(BaseException):
    """Ends a script at its next call of `codey` or its next sleep. Nobody should catch it."""


handlers = []  # every codey.handler.Handler there is
running = None  # the one that has the board now; None: the main program
held = 0  # while it is not 0, the main program is inside a call that no handler may interrupt


class _Whole:
    """A call, or a part of one, that no handler's call comes between. It must not wait."""

    def __enter__(self):
        global held
        if running:
            running.point()
        held += 1

    def __exit__(self, *_):
        global held
        held -= 1


whole = _Whole()


def point():
    """Make room for others when it is time, and end a handler that was stopped."""
    if running:
        running.point()


def sleep_ms(ms):
    """Wait, and let the others run meanwhile."""
    if not (running and running.sleep_ms(ms)):
        _wait_ms(ms)


def in_main(work):
    """Have the main program's thread do something, and wait for it."""
    if not (running and running.in_main(work)):
        work()


def stop_this_script():
    """End the handler that calls it, or the main program."""
    point()
    raise Stopped("stop_this_script")


def stop_other_scripts():
    """End all handlers but the one that calls it. The main program is not ended."""
    point()
    for handler in handlers:
        if handler is not running:
            handler.stop()


def stop_all_scripts():
    """End all handlers and the caller. Events start their handlers again."""
    stop_other_scripts()
    stop_this_script()
