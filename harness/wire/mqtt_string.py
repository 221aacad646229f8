"""The fields that MQTT packets are made of: numbers, strings, topic names and topic filters.

Source: MQTT 3.1.1, sections 1.5 (data representation) and 4.7 (topic names and filters).
"""

from __future__ import annotations

from harness.errors import LocalProtocolError
from harness.wire.mqtt_error import MalformedPacket

#: The longest string, and the largest packet identifier (1.5.2, 1.5.3).
MAX_UINT16 = 65535


def encode_uint16(number: int) -> bytes:
    """Return a number as two bytes, most significant first (1.5.2).

    Raises:
        LocalProtocolError: It does not fit into 16 bits.
    """
    if not 0 <= number <= MAX_UINT16:
        raise LocalProtocolError(
            "a number does not fit into two bytes",
            on="MQTT 3.1.1, 1.5.2",
            expected=f"0 to {MAX_UINT16}",
            got=str(number),
        )
    return number.to_bytes(2, "big")


def encode_string(value: str | bytes) -> bytes:
    """Return a string, or binary data, with its two bytes of length (1.5.3).

    What may not stand in a string (U+0000, a surrogate) is encoded all the same, because a test
    has to be able to say it; only what has no form on the wire is refused.

    Args:
        value: Text, sent as UTF-8, or bytes, sent as they are.

    Raises:
        LocalProtocolError: It is longer than 65,535 bytes.
    """
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return encode_uint16(len(data)) + data


class FieldReader:
    """Takes the fields of one packet off its bytes, in order.

    Each call names the statement that is broken when the field is not there.
    """

    def __init__(self, kind: str, data: bytes) -> None:
        """Begin at the first byte.

        Args:
            kind: Name of the packet, for messages.
            data: All that follows the fixed header.
        """
        self._kind = kind
        self._data = data
        self._at = 0

    @property
    def remaining_bytes(self) -> int:
        """How many bytes have not been taken."""
        return len(self._data) - self._at

    def malformed(self, text: str, statement: str, expected: str = "") -> MalformedPacket:
        """Return the error for this packet."""
        return MalformedPacket(
            text, statement=statement, kind=self._kind, received=self._data, expected=expected
        )

    def take(self, size: int, what: str, statement: str) -> bytes:
        """Take `size` bytes.

        Raises:
            MalformedPacket: The packet ends before.
        """
        if size > self.remaining_bytes:
            raise self.malformed(
                f"it ends inside the {what}",
                statement,
                f"{size} bytes, of which {self.remaining_bytes} are there",
            )
        self._at += size
        return self._data[self._at - size : self._at]

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.take(self.remaining_bytes, "rest", "")

    def byte(self, what: str, statement: str) -> int:
        """Take one byte."""
        return self.take(1, what, statement)[0]

    def uint16(self, what: str, statement: str) -> int:
        """Take a number of two bytes, most significant first (1.5.2)."""
        return int.from_bytes(self.take(2, what, statement), "big")

    def packet_id(self, statement: str) -> int:
        """Take a packet identifier, which is never 0 (2.3.1)."""
        packet_id = self.uint16("packet identifier", statement)
        if packet_id == 0:
            raise self.malformed("its packet identifier is 0", statement, "1 to 65535")
        return packet_id

    def binary(self, what: str, statement: str) -> bytes:
        """Take binary data with its two bytes of length (3.1.3.3, 3.1.3.5)."""
        return self.take(self.uint16(f"length of the {what}", statement), what, statement)

    def string(self, what: str, statement: str) -> str:
        """Take a string (1.5.3).

        Raises:
            MalformedPacket: It is not there, not UTF-8, or holds U+0000.
        """
        data = self.binary(what, statement)
        try:
            # Python's strict decoder refuses surrogates, overlong forms and what lies over
            # U+10FFFF, and leaves U+FEFF where it stands: MQTT-1.5.3-1 and MQTT-1.5.3-3.
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.malformed(
                f"the {what} is not UTF-8", "MQTT-1.5.3-1", "well-formed UTF-8"
            ) from error
        if "\0" in text:
            raise self.malformed(f"the {what} holds U+0000", "MQTT-1.5.3-2")
        return text

    def topic_name(self, what: str, statement: str, wildcard_statement: str) -> str:
        """Take the name of a topic: at least one character, no wildcard (4.7)."""
        topic = self.string(what, statement)
        if not topic:
            raise self.malformed(f"the {what} is empty", "MQTT-4.7.3-1", "one character or more")
        if "+" in topic or "#" in topic:
            raise self.malformed(f"the {what} holds a wildcard", wildcard_statement)
        return topic

    def topic_filter(self, statement: str) -> str:
        """Take a topic filter, whose wildcards stand where they may (4.7.1)."""
        topic_filter = self.string("topic filter", statement)
        if not topic_filter:
            raise self.malformed(
                "the topic filter is empty", "MQTT-4.7.3-1", "one character or more"
            )
        levels = topic_filter.split("/")
        if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
            raise self.malformed(
                "the topic filter's # is not the last level, alone", "MQTT-4.7.1-2"
            )
        if any("+" in level and level != "+" for level in levels):
            raise self.malformed("the topic filter's + is not alone in its level", "MQTT-4.7.1-3")
        return topic_filter

    def end(self, statement: str) -> None:
        """Hold that nothing is left.

        Raises:
            MalformedPacket: There are more bytes than the packet has fields.
        """
        if self.remaining_bytes:
            raise self.malformed(
                f"{self.remaining_bytes} bytes follow its last field", statement, "its end"
            )


def topic_matches(topic: str, topic_filter: str) -> bool:
    """Tell whether a message to `topic` belongs to a subscription to `topic_filter` (4.7).

    Both are taken to be legal ones.
    """
    # MQTT-4.7.2-1: a filter that begins with a wildcard says nothing of $ topics.
    if topic[:1] == "$" and topic_filter[:1] in {"+", "#"}:
        return False
    names = topic.split("/")
    levels = topic_filter.split("/")
    for place, level in enumerate(levels):
        if level == "#":
            return True
        # 4.7.1.2: `sport/#` is also the subscription to `sport`, handled by the length below.
        if place == len(names) or level not in {"+", names[place]}:
            return False
        if place + 1 == len(names) and levels[place + 1 :] == ["#"]:
            return True
    return len(names) == len(levels)
