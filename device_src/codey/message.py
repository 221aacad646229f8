"""Messages between the scripts of one board. Source: docs/codey.md, "Messages"."""

from codey import observer
from codey.script import point, sleep_ms

_PAUSE_MS = 20
listeners = []  # each is called with a message


def broadcast(message):
    """Start the handlers of `event.received` that wait for this text."""
    point()
    if type(message) is not str:
        return
    for listener in listeners:
        listener(message)
    if observer.notify:
        observer.notify("broadcast", message)
    sleep_ms(_PAUSE_MS)
