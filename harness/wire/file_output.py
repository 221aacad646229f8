"""A file as a program on the board prints it: its bytes, and proof that none was lost.

The raw REPL ends output at a 04, so a 04 is printed as 1B 31 and a 1B as 1B 30. Behind the bytes
stand 1B 32, and in decimal digits their number, a comma, and their sum.

Source: harness/board/device_code/read_file.py, the board's side.
"""

from __future__ import annotations

from harness.errors import RemoteProtocolError

PAIRS = ((b"\x1b", b"\x1b0"), (b"\x04", b"\x1b1"))
END = b"\x1b2"


def encode_file(data: bytes) -> bytes:
    """Return what a board prints for a file."""
    printed = data
    for plain, pair in PAIRS:
        printed = printed.replace(plain, pair)
    return printed + END + b"%d,%d" % (len(data), sum(data))


def decode_file(printed: bytes) -> bytes:
    """Return the bytes of a file that was printed.

    Raises:
        RemoteProtocolError: Bytes were lost or changed on the way.
    """
    data, mark, proof = printed.rpartition(END)
    for plain, pair in reversed(PAIRS):
        data = data.replace(pair, plain)
    if encode_file(data) != printed:
        raise RemoteProtocolError(
            "the file that the board printed has not come whole",
            received=printed,
            expected=f"{proof.decode('ascii', 'replace')} as number and sum of its bytes"
            if mark
            else "its number of bytes and their sum at the end",
            advice="the line loses bytes: another cable, or a lower baud rate",
        )
    return data
