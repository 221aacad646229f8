"""The argument policy of the board's API, in one place.

A wrong type makes a call do nothing; a number out of range is clamped, or makes it do nothing; a
float is cut to an integer. The type is compared exactly: a bool is no number.

Source: docs/codey.md, "Arguments".
"""


def is_number(value):
    """Whether `value` is an int or a float that has an integer near it."""
    return type(value) is int or (type(value) is float and value - value == 0)


def clamped(value, low, high):
    """Return the number as an int in low..high, or None when it is none."""
    if type(value) is float:
        # Infinity has no int. Not-a-number comes through: nothing is less or more than it.
        value = max(min(value, high), low)
    return max(min(int(value), high), low) if is_number(value) else None


def within(value, low, high):
    """Return the number as an int, or None when it is none or outside low..high."""
    if is_number(value) and low <= int(value) <= high:
        return int(value)
    return None
