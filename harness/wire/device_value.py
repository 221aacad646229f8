"""Values from the board as data: a literal in a frame that no other output can be taken for.

A frame is 1E, an equals sign, the value's `repr` on the board, 1F, the sum of the literal's bytes
modulo 65536 as four hex digits, and a line end; a record of the probe has no equals sign. Where the
board could not hold the literal, it stands in a tuple of one, with a hyphen for the sum. A literal
has its control characters escaped, so neither of the two bytes, nor a 04 that would end the raw
REPL's output, can be in it. None, bool, int, float, str, bytes, and tuples, lists, dicts and sets
of them come back as they were; a bytearray as bytes.

Source: harness/board/device_code/reply.py, the board's side.
"""

from __future__ import annotations

import ast

from harness.errors import RemoteProtocolError

START = b"\x1e"
EQUALS = b"="
SEPARATOR = b"\x1f"
UNSUMMED = b"-"


def encode_value(value: object) -> bytes:
    """Return the frame that a board prints for a value."""
    literal = repr(value).encode()
    return START + EQUALS + literal + SEPARATOR + b"%04x" % (sum(literal) & 0xFFFF) + b"\r\n"


def decode_literal(text: str) -> object:
    """Return the value of a literal as MicroPython writes it.

    Raises:
        RemoteProtocolError: It is none, such as the ``<object>`` of a class without a form.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
        value: object = ast.literal_eval(_Plain().visit(tree))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise RemoteProtocolError(
            "the value on the board is not one that can be sent",
            received=text.encode(),
            expected="None, bool, int, float, str, bytes, or tuples, lists, dicts, sets of them",
        ) from error
    return value


class _Plain(ast.NodeTransformer):
    """Makes constants of what is no literal for Python: ``inf``, ``nan`` and bytearrays."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(float(node.id)) if node.id in ("inf", "nan") else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        is_plain = isinstance(node.func, ast.Name) and node.func.id == "bytearray"
        return node.args[0] if is_plain and len(node.args) == 1 else node


class ValueStream:
    """Splits printed bytes into values and the rest; any split of the input gives the same."""

    def __init__(self) -> None:
        """Start with nothing received."""
        self._in = bytearray()

    def receive(self, data: bytes) -> list[bytes | tuple[object]]:
        """Take printed bytes.

        Returns:
            In order: bytes that are in no frame, and each value as a tuple of one.

        Raises:
            RemoteProtocolError: A whole frame holds no literal.
        """
        self._in += data
        found: list[bytes | tuple[object]] = []
        while self._in:
            start = self._in.find(START)
            if start:
                found.append(self._take(len(self._in) if start < 0 else start))
                continue
            end = self._in.find(b"\n")
            again = self._in.find(START, 1, end if end >= 0 else len(self._in))
            if again >= 0:
                found.append(self._take(again))
            elif end < 0:
                break
            else:
                line = self._take(end + 1)
                literal = _literal_of(line)
                found.append(line if literal is None else (decode_literal(literal),))
        return found

    def _take(self, size: int) -> bytes:
        data = bytes(self._in[:size])
        del self._in[:size]
        return data


def _literal_of(line: bytes) -> str | None:
    literal, _, check = line[2:].rstrip(b"\r\n").rpartition(SEPARATOR)
    if line[1:2] == EQUALS and check == UNSUMMED and (literal[:1], literal[-2:]) == (b"(", b",)"):
        literal = literal[1:-2]
    elif line[1:2] != EQUALS or check != b"%04x" % (sum(literal) & 0xFFFF):
        return None
    return literal.decode("utf-8", "replace")


def find_value(printed: bytes) -> tuple[object] | None:
    """Return the first value among printed bytes as a tuple of one, None when there is none."""
    values = (item for item in ValueStream().receive(printed) if isinstance(item, tuple))
    return next(values, None)
