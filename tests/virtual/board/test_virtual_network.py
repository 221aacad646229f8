"""Wi-Fi of a virtual board as the gate of its sockets, and the sockets behind it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.link.virtual import VirtualSettings

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

CONNECT = (
    "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
    "w.connect('codey-virtual', 'virtual-password')\n"
    "while not w.isconnected(): time.sleep_ms(1)\n"
)


def soon() -> Deadline:
    """Return a deadline that only a broken board misses."""
    return Deadline.after(5)


@pytest.fixture
def online(bare: BareBoard) -> BareBoard:
    """Return a board with Wi-Fi."""
    bare.run(CONNECT)
    return bare


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Return a listening socket on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


def connect(board: BareBoard, listener: socket.socket) -> socket.socket:
    """Have the board connect, as its global `s`; return our end."""
    board.run(f"import socket\ns = socket.socket()\ns.connect({listener.getsockname()!r})")
    ours, _ = listener.accept()
    ours.settimeout(5)
    return ours


def test_wifi_states_are_those_of_an_esp32(bare: BareBoard) -> None:
    output = bare.run(
        "import network, time\nw = network.WLAN(network.STA_IF)\n"
        "print(w.active(), w.status(), w.ifconfig()[0])\n"
        "try: w.connect('x', 'y')\nexcept OSError as e: print(e)\n"
        "w.active(True)\nprint(w.active(), w.isconnected())\n"
        "w.connect('codey-virtual', 'virtual-password')\n"
        "print(w.status() == network.STAT_CONNECTING)\n"
        "while w.status() == network.STAT_CONNECTING: time.sleep_ms(1)\n"
        "print(w.status() == network.STAT_GOT_IP, w.isconnected(), w.ifconfig()[0])\n"
        "w.disconnect()\nprint(w.isconnected(), w.status() == network.STAT_IDLE)"
    )
    assert output == (
        "False 1000 0.0.0.0\nWifi Not Started\nTrue False\nTrue\nTrue True 127.0.0.1\nFalse True\n"
    )
    bare.control.bench.state(soon())
    seen = [event.text for event in bare.control.bench.events()]
    assert seen == ["idle", "connecting", "connected", "idle"]


@pytest.mark.parametrize(
    ("credentials", "status"),
    [(("codey-virtual", "wrong"), 202), (("elsewhere", "virtual-password"), 201)],
)
def test_wifi_with_wrong_credentials_says_which(
    bare: BareBoard, credentials: tuple[str, str], status: int
) -> None:
    output = bare.run(
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        f"w.config(reconnects=1)\nw.connect{credentials!r}\n"
        "while w.status() == network.STAT_CONNECTING: time.sleep_ms(1)\nprint(w.status())"
    )
    assert output == f"{status}\n"


def test_wifi_that_tries_for_ever_is_connecting_for_the_program_and_not_for_the_bench(
    bare: BareBoard,
) -> None:
    bare.run(
        "import network\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        "w.connect('codey-virtual', 'wrong')"
    )
    seen = 0
    while bare.control.bench.state(soon()).wifi != "wrong_password":
        seen = bare.control.bench.wait_event(seen, soon())
    assert bare.run("print(w.status())") == "1001\n"


def test_wifi_that_is_lost_is_named_and_tried_again(online: BareBoard) -> None:
    # Nothing of before is on its way any more.
    online.control.bench.state(soon())
    online.control.bench.take()
    online.control.inputs.set("wifi", "down", soon())
    assert online.run("print(w.status(), w.isconnected())") == "1001 False\n"
    online.control.inputs.set("wifi", "up", soon())
    online.run("import time\nwhile not w.isconnected(): time.sleep_ms(1)")
    online.control.bench.state(soon())
    seen = [event.text for event in online.control.bench.events()]
    assert (seen[0], seen[-1]) == ("lost", "connected")


def test_wifi_comes_back_by_itself(online: BareBoard) -> None:
    online.control.inputs.set("wifi", "down", soon())
    assert online.run("print(w.isconnected())") == "False\n"
    online.control.inputs.set("wifi", "up", soon())
    assert online.run("while not w.isconnected(): time.sleep_ms(1)\nprint(w.status())") == "1010\n"


def test_wifi_outlives_a_soft_reset_and_not_a_hard_one(online: BareBoard) -> None:
    code = "import network\nprint(network.WLAN(network.STA_IF).isconnected())"
    online.line.write(b"\x04")
    online.line.read_until(b"exit\r\n>")
    assert online.run(code) == "True\n"
    online.control.lines.hard_reset(soon())
    online.line.read_until(b">>> ")
    online.enter_raw()
    assert online.run(code) == "False\n"


def test_access_point_takes_its_time(make_board: MakeBoard) -> None:
    board = make_board(VirtualSettings(connect_s=0.3, ssid="lab", password="secret"))
    board.enter_raw()
    output = board.run(
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        "start = time.ticks_ms()\nw.connect('lab', 'secret')\n"
        "while not w.isconnected(): time.sleep_ms(1)\n"
        "print(290 < time.ticks_diff(time.ticks_ms(), start) < 2000)"
    )
    assert output == "True\n"
    assert board.control.network == ("lab", "secret")


def test_socket_without_wifi_is_unreachable(bare: BareBoard, server: socket.socket) -> None:
    output = bare.run(
        "import socket\ns = socket.socket()\n"
        f"try: s.connect({server.getsockname()!r})\nexcept OSError as e: print(e.errno)\n"
        "try: socket.getaddrinfo('localhost', 1)\nexcept OSError as e: print(e.errno)\n"
        "print(socket.getaddrinfo('10.1.2.3', 80)[0][-1])"
    )
    # EHOSTUNREACH of this build.
    assert output == "113\n-202\n('10.1.2.3', 80)\n"


def test_socket_sends_and_receives(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        ours.sendall(b"line one\nrest-of-it")
        output = online.run("print(s.readline(), s.recv(4), s.read(6), s.send(b'pong'))")
        assert output == "b'line one\\n' b'rest' b'-of-it' 4\n"
        assert ours.recv(10) == b"pong"


def test_socket_blocking_read_waits_for_all(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        online.start("print('ready')\nprint(s.read(6))")
        online.line.read_until(b"ready\r\n")
        ours.sendall(b"abc")
        ours.sendall(b"def")
        assert online.finish() == ("b'abcdef'\r\n", "")


def test_socket_end_of_stream_is_empty(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        ours.sendall(b"abc")
    assert online.run("print(s.read(6), s.recv(1), s.readline())") == "b'abc' b'' b''\n"


def test_socket_time_limit_raises_etimedout(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server):
        output = online.run(
            "s.settimeout(0.05)\nstart = time.ticks_ms()\n"
            "try: s.recv(1)\nexcept OSError as e: print(e.errno)\n"
            "print(45 <= time.ticks_diff(time.ticks_ms(), start) < 1000)"
        )
    assert output == "110\nTrue\n"


def test_socket_that_does_not_block_raises_eagain(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server):
        output = online.run(
            "s.setblocking(False)\n"
            "try: s.recv(1)\nexcept OSError as e: print(e.errno)\n"
            "print(s.read(1), s.readline())\ns.settimeout(0)\nprint(s.read(1))"
        )
    assert output == "11\nNone None\nNone\n"


def test_socket_connection_refused_is_told(online: BareBoard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    output = online.run(
        f"import socket\ns = socket.socket()\ntry: s.connect({address!r})\n"
        "except OSError as e: print(e.errno)"
    )
    assert output == "111\n"


def test_socket_sends_more_than_fits_at_once(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        received = bytearray()

        def drain() -> None:
            while len(received) < 40 * 20000:
                received.extend(ours.recv(65536))

        reader = threading.Thread(target=drain)
        reader.start()
        output = online.run("b = bytes(20000)\nprint(sum(s.write(b) for _ in range(40)))")
        reader.join()
    assert output == "800000\n"
    assert len(received) == 800000


def test_socket_without_nagle_sends_small_pieces_at_once(
    online: BareBoard, server: socket.socket
) -> None:
    """Two small writes and an answer, again and again: with Nagle each round waits some 40 ms."""
    rounds = 20
    with connect(online, server) as ours:
        online.run("s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)")
        online.start(
            "began = time.ticks_ms()\n"
            f"for _ in range({rounds}):\n    s.write(b'a'); s.write(b'b'); s.read(1)\n"
            "print(time.ticks_diff(time.ticks_ms(), began))"
        )
        for _ in range(rounds):
            received = b""
            while len(received) < 2:
                received += ours.recv(2)
            ours.send(b"c")
        took_ms = int(online.finish()[0])
    assert took_ms < 20 * rounds


@pytest.mark.parametrize("operation", ["s.recv(1)", "s.read(1)", "s.readline()", "s.write(b'x')"])
def test_socket_dies_with_the_wifi(
    online: BareBoard, server: socket.socket, operation: str
) -> None:
    with connect(online, server):
        online.control.inputs.set("wifi", "down", soon())
        online.control.inputs.set("wifi", "up", soon())
        output = online.run(
            "while not w.isconnected(): time.sleep_ms(1)\n"
            f"try: print({operation})\nexcept OSError as e: print(e.errno)"
        )
    # ECONNABORTED of this build: a socket does not come back with the link.
    assert output == "103\n"


def test_socket_that_waits_is_told_of_the_loss(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server):
        online.start("print('ready')\ntry: s.recv(1)\nexcept OSError as e: print(e.errno)")
        online.line.read_until(b"ready\r\n")
        online.control.inputs.set("wifi", "down", soon())
        assert online.finish() == ("103\r\n", "")


def test_poll_sees_data_and_the_loss_of_the_link(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        online.run("import select\np = select.poll()\np.register(s, select.POLLIN)")
        assert online.run("print(p.poll(20))") == "[]\n"
        ours.sendall(b"x")
        assert online.run("e = p.poll(1000)\nprint(e[0][0] is s, e[0][1], s.recv(1))") == (
            "True 1 b'x'\n"
        )
        assert online.run("print(select.select([s], [s], [], 1)[1] == [s])") == "True\n"
        online.start("print('ready')\ne = p.poll()\nprint(e[0][1] & select.POLLERR != 0)")
        online.line.read_until(b"ready\r\n")
        online.control.inputs.set("wifi", "down", soon())
        assert online.finish() == ("True\r\n", "")


def test_poll_with_socket_and_standard_input(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server):
        online.start(
            "import select, sys\np = select.poll()\np.register(s, select.POLLIN)\n"
            "p.register(sys.stdin, select.POLLIN)\nprint('ready')\n"
            "print(p.poll()[0][0] is sys.stdin, sys.stdin.read(1))"
        )
        online.line.read_until(b"ready\r\n")
        online.line.write(b"k")
        assert online.finish() == ("True k\r\n", "")


def test_board_as_server(online: BareBoard) -> None:
    online.start(
        "import socket\nl = socket.socket()\n"
        "l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
        "l.bind(('0.0.0.0', 0))\nl.listen(1)\nprint('ready')\n"
        "c, peer = l.accept()\nprint(peer[0], c.recv(10))\nc.send(b'pong')\nc.close()"
    )
    online.line.read_until(b"ready\r\n")
    (inode_port,) = listening_ports(int(online.control.identity["pid"]))
    with socket.create_connection(("127.0.0.1", inode_port), 5) as ours:
        ours.sendall(b"ping")
        assert ours.recv(10) == b"pong"
    assert online.finish() == ("127.0.0.1 b'ping'\r\n", "")


def listening_ports(supervisor: int) -> list[int]:
    """Return the TCP ports on which the interpreter of a supervisor listens."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text(encoding="ascii")
    interpreter = int(children)
    inodes = set()
    for link in Path(f"/proc/{interpreter}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            inodes.add(link.readlink().name)
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    return [
        int(row[1].partition(":")[2], 16)
        for row in rows[1:]
        if row[3] == "0A" and f"socket:[{row[9]}]" in inodes
    ]


def test_datagrams_go_both_ways(online: BareBoard) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(5)
        online.start(
            "import socket\nu = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            f"u.sendto(b'ping', {ours.getsockname()!r})\nprint(u.recvfrom(10)[0])"
        )
        data, peer = ours.recvfrom(10)
        assert data == b"ping"
        ours.sendto(b"pong", peer)
        assert online.finish() == ("b'pong'\r\n", "")


def test_timers_run_while_a_socket_waits(online: BareBoard, server: socket.socket) -> None:
    with connect(online, server) as ours:
        online.start(
            "from machine import Timer\nticks = []\n"
            "def count(timer):\n ticks.append(timer)\n if len(ticks) == 3: print('three')\n"
            "Timer(0).init(period=5, mode=Timer.PERIODIC, callback=count)\nprint(s.recv(1))"
        )
        online.line.read_until(b"three\r\n")
        ours.sendall(b"x")
        assert online.finish() == ("b'x'\r\n", "")


def test_ssl_goes_over_the_models_socket(
    online: BareBoard, server: socket.socket, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=broker"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    online.start(
        "import socket, ssl\ns = socket.socket()\n"
        f"s.connect({server.getsockname()!r})\nt = ssl.wrap_socket(s)\n"
        "t.write(b'ping')\nprint(t.read(4))\nt.setblocking(False)\nprint(t.read(1))\nt.close()"
    )
    ours, _ = server.accept()
    with context.wrap_socket(ours, server_side=True) as tls:
        assert tls.recv(4) == b"ping"
        tls.sendall(b"pong")
        assert online.finish() == ("b'pong'\r\nNone\r\n", "")
