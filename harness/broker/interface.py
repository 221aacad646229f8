"""The IPv4 address of a network interface, for the broker that real boards are to reach."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys

from harness.errors import ConfigError

_SIOCGIFADDR = 0x8915  # Linux, asm/sockios.h
_NAME_MAX = 15  # IFNAMSIZ without the final zero, Linux net/if.h
_ADDRESS = slice(20, 24)  # struct ifreq: 16 bytes of name, then sockaddr_in: family, port, address


def interface_address(name: str) -> str:
    """Return the first IPv4 address of a network interface.

    Args:
        name: Such as ``eth0``. An IPv4 address is taken as it is.

    Returns:
        The address in dotted form.

    Raises:
        ConfigError: There is no such interface, or it has no IPv4 address; the message lists those
            that have one. On systems other than Linux only an address can be given.
    """
    try:
        return socket.inet_ntoa(socket.inet_pton(socket.AF_INET, name))
    except OSError:
        address = _address(name)
    if address is None:
        raise ConfigError(
            "cannot bind the broker to this network interface",
            on=name,
            expected="an interface with an IPv4 address, or an address",
            got=", ".join(f"{each} {own}" for each, own in interface_addresses().items())
            or "no interface whose address could be read",
            advice="choose one of those above; real boards must be able to reach it",
        )
    return address


def interface_addresses() -> dict[str, str]:
    """Return the interfaces that have an IPv4 address, by name, each with its first one."""
    names = [name for _, name in socket.if_nameindex()]
    found = {name: _address(name) for name in names}
    return {name: address for name, address in found.items() if address is not None}


def _address(name: str) -> str | None:
    if sys.platform != "linux" or len(name.encode()) > _NAME_MAX:
        return None
    request = struct.pack("256s", name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)
        except OSError:  # ENODEV: no such interface; EADDRNOTAVAIL: it has no IPv4 address
            return None
    return socket.inet_ntoa(answer[_ADDRESS])
