"""The parts of MQTT packets: what may be sent is checked here, and what has come is decoded.

The lowest layer of the client: functions that know nothing of a connection.
"""


class MQTTException(Exception):
    """The broker refused something, or broke the protocol."""

    code = None  # the return code of CONNACK or SUBACK, when it is one of these


def decode(data):
    """Return `data` as str, or None when it is not strict UTF-8.

    MicroPython's decoder lets surrogates, overlong forms and too large numbers through. Text of
    ASCII alone is valid, and known by its length; only other text is looked at one by one.
    """
    try:
        text = str(data, "utf-8")
    except UnicodeError:
        return None
    count = len(data) - len(text)  # of the bytes that follow the first one of a character
    if count:
        for i in text:
            code = ord(i)
            if code >> 11 == 0xD800 >> 11 or code > 0x10FFFF:
                return None
            count -= (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)
    return None if count else text


def binary(value):
    """Return a str or bytes argument as bytes."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError("str/bytes")


def string(value, text):
    """Return an argument as an MQTT string: two bytes of length, then the bytes."""
    data = binary(value)
    length = len(data)
    if length > 65535:
        raise ValueError("too long")
    if text and (0 in data or decode(data) is None):
        raise ValueError("utf-8")
    return bytes((length >> 8, length & 255)) + data


def topic_string(value, qos, is_filter):
    """Return a topic name or filter as an MQTT string (4.7.1, 4.7.3); the QoS is checked too."""
    data = string(value, True)
    # With each slash doubled a level of one character stands between two slashes of its own.
    text = "/" + decode(data[2:]).replace("/", "//") + "/"
    if is_filter:
        text = text.replace("/+/", "/")
        if text.endswith("/#/"):
            text = text[:-2]
    if len(data) < 3 or "+" in text or "#" in text:
        raise ValueError("topic")
    if qos not in range(3):
        raise ValueError("qos")
    return data
