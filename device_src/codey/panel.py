"""`codey.display`: the 16 x 8 panel.

The 16 bytes of `Display.buffer` are the truth; the driver ships them. Source: docs/codey.md,
"Display geometry" and "Show rules", for every rule below that is not said to be ours.
"""

from binascii import unhexlify

from machine import Timer

from codey import observer
from codey.argument import is_number, within
from codey.font import number_columns, text_columns
from codey.script import point, sleep_ms, whole

_WIDTH = 16
_STEP_MS = 100
_MAX_TEXT_BYTES = 128
# The ESP32 has four timers; the last one leaves the first to the user's program.
_TIMER = 3


class _Scroll:
    """A text on its way to the left; the columns behind its end are dark.

    An object of its own for each text: a timer callback that was already due when its scroll was
    stopped finds it inactive, and cannot touch the next one.
    """

    def __init__(self, display, columns):
        self._display = display
        self._columns = columns
        self._at = 0
        self.is_active = True

    def step(self, timer=None):
        """Move by one column; the last step leaves the panel dark and ends the scroll."""
        with whole:
            if not self.is_active:
                return
            self._at += 1
            self._display._draw(self._columns, -self._at)
            if self._at >= len(self._columns):
                if timer:
                    timer.deinit()
                self.is_active = False
                self._display._tell("clear", None)


class Display:
    """The panel. x counts 0..15 from the left, y 0..7 from the top."""

    def __init__(self, driver):
        self.buffer = bytearray(_WIDTH)  # one byte a column, the highest bit on top
        self._driver = driver
        self._scroll = None
        self._timer = None
        self._is_busy = False
        self._is_stale = False
        self._flush()  # what was shown before a soft reset is still there

    def show(self, var, pos_x=None, pos_y=None, wait=True):
        """Show a value as its type asks for, or its text at a position.

        A text of three characters and more scrolls to the left and ends in a dark panel; with
        wait=False the call returns at once meanwhile.
        """
        if pos_x is not None or pos_y is not None:
            text = str(var)
            pos_x = 0 if pos_x is None else pos_x
            pos_y = 0 if pos_y is None else pos_y
            # Six characters: pos_x can hide 15 columns, and 16 more are seen.
            self._place(text_columns(text[:6]), pos_x, pos_y, "show", text)
            return
        if type(var) is int or type(var) is float:
            text = _int_text(var) if type(var) is int else _float_text(var)
            self._show_still(number_columns(text, _WIDTH), str(var))
            return
        text = ("true" if var else "false") if type(var) is bool else str(var)
        time_text = _time_text(text) if type(var) is str else ""
        if time_text:
            self._show_still(number_columns(time_text, _WIDTH), time_text)
        elif len(text) < 3:
            self._show_still(text_columns(text), text)
        else:
            self._show_scrolling(_cut(text), wait)

    def show_image(self, image, pos_x=0, pos_y=0, time_s=None):
        """Show 32 hex digits, two a column from the left; for `time_s` seconds if that is given."""
        if type(image) is str:
            columns = unhexlify((image + "0" * 32)[:32])
        elif type(image) is list and all(within(byte, 0, 255) is not None for byte in image):
            columns = bytes(image[:_WIDTH])
        else:
            return
        if time_s is not None and (not is_number(time_s) or time_s <= 0):
            return
        before = bytes(self.buffer)
        if not self._place(columns, pos_x, pos_y, "image", None):
            return
        # A picture that is there already ends the call at once, and stays.
        if time_s is not None and before != self.buffer:
            sleep_ms(int(time_s * 1000))
            self.clear()

    def set_pixel(self, x, y, status):
        """Light a pixel, or make it dark, and keep the others."""
        self._change(x, y, lambda byte, bit: byte | bit if status else byte & ~bit)

    def toggle_pixel(self, x, y):
        """Invert a pixel, and keep the others."""
        self._change(x, y, lambda byte, bit: byte ^ bit)

    def get_pixel(self, x, y):
        """Return whether a pixel is lit; False outside the panel."""
        point()
        x, y = within(x, 0, 15), within(y, 0, 7)
        return x is not None and y is not None and bool(self.buffer[x] & 0x80 >> y)

    def clear(self):
        """Make the panel dark."""
        with whole:
            self._stop()
            self._draw(b"")
            self._tell("clear", None)

    def _show_still(self, columns, text):
        with whole:
            self._stop()
            self._draw(columns)
            self._tell("show", text)

    def _show_scrolling(self, text, wait):
        with whole:
            self._stop()
            self._scroll = scroll = _Scroll(self, text_columns(text))
            self._draw(scroll._columns)
            self._tell("scroll", text)
            if not wait:
                # The callback comes between two bytecodes of the program, not in a thread.
                self._timer = Timer(_TIMER)
                self._timer.init(mode=Timer.PERIODIC, period=_STEP_MS, callback=scroll.step)
                return
        while scroll.is_active:
            sleep_ms(_STEP_MS)
            scroll.step()
        sleep_ms(_STEP_MS)  # the dark panel at the end is a step too: 6 * characters + 1 in all

    def _place(self, columns, x, y, how, text):
        """Draw at a position; too far out the panel is left dark. False: wrong type."""
        if not is_number(x) or not is_number(y):
            return False
        x, y = within(x, -15, 15), within(y, -7, 7)
        if x is None or y is None:
            columns = b""
        with whole:
            self._stop()
            self._draw(columns, x or 0, y or 0)
            self._tell(how, text)
        return True

    def _change(self, x, y, change):
        x, y = within(x, 0, 15), within(y, 0, 7)
        if x is None or y is None:
            return
        with whole:
            self._stop()
            self.buffer[x] = change(self.buffer[x], 0x80 >> y)
            self._flush()
            self._tell("pixel", None)

    def _stop(self):
        """End a scroll where it is; the next call draws over what it has left."""
        if self._scroll:
            self._scroll.is_active = False
            self._scroll = None
        if self._timer:
            self._timer.deinit()
            self._timer = None

    def _draw(self, columns, x=0, y=0):
        """Replace the whole picture by `columns`, moved right by x and down by y."""
        buffer = self.buffer
        for i in range(_WIDTH):
            at = i - x
            byte = columns[at] if 0 <= at < len(columns) else 0
            buffer[i] = byte >> y if y >= 0 else byte << -y & 0xFF
        self._flush()

    def _flush(self):
        """Ship the buffer; what a timer callback draws meanwhile is shipped by this call too."""
        self._is_stale = True
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._is_stale:
                self._is_stale = False
                self._driver.write(self.buffer)
        finally:
            self._is_busy = False

    def _tell(self, how, text):
        if observer.notify:
            observer.notify("display", how, text)


def _cut(text):
    """Return at most 128 bytes of a text, whole characters."""
    while len(text.encode()) > _MAX_TEXT_BYTES:
        text = text[:-1]
    return text


def _int_text(value):
    # Beyond 32 bits the board shows these instead.
    return str(value if -2147483648 <= value <= 2147483647 else 2147 if value > 0 else -21474)


def _float_text(value):
    if 0 < value < 0.001:
        return "0.000"[: max(3, min(5, len(str(value)) - 1))]
    if -0.01 < value < 0:
        return "-0.00"[: max(4, min(5, len(str(value)) - 1))]
    text = str(value + (0.0005 if value >= 0 else -0.005))[:5]
    while "." in text and text.endswith("0") and not text.endswith(".0"):
        text = text[:-1]
    return text


def _time_text(text):
    """Return the h:m, hh:mm ... with which a text begins, or an empty text."""
    colon = text.find(":")
    if colon not in (1, 2) or not text[:colon].isdigit():
        return ""
    end = colon + 1
    while end < min(len(text), colon + 3) and "0" <= text[end] <= "9":
        end += 1
    return text[:end] if end > colon + 1 else ""
