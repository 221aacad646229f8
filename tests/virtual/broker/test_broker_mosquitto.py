"""A private Mosquitto while the harness lives: start, log, restart, end."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.broker.broker import Broker, BrokerAddress, Credentials
from harness.broker.client import MqttClient
from harness.broker.connection import Ending
from harness.broker.log import LogLine
from harness.broker.mosquitto import Mosquitto
from harness.broker.settings import MosquittoSettings
from harness.deadline import Deadline
from harness.errors import BrokerError

MakeClient = Callable[..., MqttClient]


def is_listening(address: BrokerAddress) -> bool:
    try:
        socket.create_connection((address.host, address.port), 1).close()
    except ConnectionRefusedError:
        return False
    return True


def test_started_broker_is_a_broker_with_version_and_log(broker: Mosquitto) -> None:
    common: Broker = broker
    common.check_alive()
    assert re.fullmatch(r"2\.\d+\.\d+", common.version)
    assert common.address.host == "127.0.0.1"
    assert common.address.url == f"mqtt://127.0.0.1:{common.address.port}"
    assert common.capabilities == {"log", "restart"}
    mark = common.log_mark
    assert len(common.log_since(0)) >= mark > 0


def test_log_is_stamped_and_told_line_by_line(mosquitto_path: Path) -> None:
    told: list[LogLine] = []
    with Mosquitto(mosquitto_path, on_log=told.append) as broker:
        broker.start(Deadline.after(10))
    assert tuple(told) == broker.log_since()
    stamps = [line.at_s for line in told]
    assert stamps == sorted(stamps)
    assert told[-1].text == "keeper: the broker ended with 0"


def test_start_leaves_no_file_while_the_broker_runs_and_after(
    mosquitto_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Mosquitto(mosquitto_path) as broker:
        broker.start(Deadline.after(10))
        broker.sync_log(Deadline.after(5))
        config = re.compile(r"Config loaded from (.*)\.")
        (path,) = [found[1] for line in broker.log_since() if (found := config.match(line.text))]
        assert Path(path).is_relative_to(tmp_path)
        broker.stop()
    assert list(tmp_path.iterdir()) == []


def test_log_and_configuration_hold_no_password(mosquitto_path: Path) -> None:
    settings = MosquittoSettings(users=(Credentials("user", "s3cret-of-user"),))
    with Mosquitto(mosquitto_path, settings) as broker:
        broker.start(Deadline.after(10))
        text = broker.log.tail(10_000)
        own = broker.credentials.password
    assert own is not None
    assert "s3cret-of-user" not in text
    assert own not in text


@pytest.mark.parametrize(
    "credentials",
    [None, Credentials("test", "wrong"), Credentials("nobody", "test"), Credentials("test")],
)
def test_who_is_not_known_is_refused_and_the_log_says_so(
    broker: Mosquitto, make_client: MakeClient, credentials: Credentials | None
) -> None:
    client = make_client(credentials=credentials, is_connected=False)
    with pytest.raises(BrokerError) as caught:
        client.connect(Deadline.after(5))
    assert "Not authorized" in caught.value.got
    broker.sync_log(Deadline.after(5))
    (refusal,) = broker.connections().refusals
    assert refusal.code == 5


def test_open_broker_lets_in_a_user_without_a_password(mosquitto_path: Path) -> None:
    with Mosquitto(mosquitto_path, MosquittoSettings(users=None)) as broker:
        broker.start(Deadline.after(10))
        for credentials in (None, Credentials("any"), Credentials("any", "thing")):
            with MqttClient(broker.address, credentials, client_id="guest") as guest:
                guest.connect(Deadline.after(5))
        broker.sync_log(Deadline.after(5))
        assert [each.user for each in broker.connections().of("guest")] == [None, "any", "any"]


def test_connections_tell_what_a_device_said(broker: Mosquitto, make_client: MakeClient) -> None:
    mark = broker.log_mark
    device = make_client("20180911203800", clean_session=False)
    device.publish("/sensors/temperature/home", "38", Deadline.after(5), qos=1)
    device.vanish()
    line = broker.wait_log(lambda text: "closed its connection" in text, Deadline.after(5))
    assert line is not None
    (connection,) = broker.connections().of("20180911203800")
    assert connection.user == "test"
    assert not connection.clean_session
    assert connection.keepalive_s == 60
    assert connection.protocol == "3.1.1"
    assert connection.session_present is False
    assert connection.ending is Ending.LOST
    assert connection.closed_at_s == line.at_s
    published = [each for each in broker.packets(mark) if each.kind == "PUBLISH"]
    assert [(each.topic, each.qos, each.size_bytes) for each in published] == [
        ("/sensors/temperature/home", 1, 2)
    ]


def test_wait_log_ends_at_its_deadline(broker: Mosquitto) -> None:
    deadline = Deadline.after(0.1)
    assert broker.wait_log(lambda text: text == "never said", deadline) is None
    assert deadline.is_expired


def test_two_brokers_at_once_do_not_know_each_other(mosquitto_path: Path) -> None:
    with Mosquitto(mosquitto_path) as first, Mosquitto(mosquitto_path) as second:
        first.start(Deadline.after(10))
        second.start(Deadline.after(10))
        assert first.address != second.address
        with pytest.raises(BrokerError, match="CONNECT failed"):
            MqttClient(first.address, second.credentials).connect(Deadline.after(5))


def test_port_is_kept_over_a_restart_and_closed_meanwhile(mosquitto_path: Path) -> None:
    with Mosquitto(mosquitto_path) as broker:
        broker.start(Deadline.after(10))
        address, pid = broker.address, broker.pid
        broker.stop()
        assert broker.address == address
        assert not is_listening(address)
        with pytest.raises(BrokerError, match="not running"):
            broker.check_alive()
        broker.start(Deadline.after(10))
        assert broker.address == address
        assert broker.pid != pid
        assert is_listening(address)
        broker.check_alive()
    assert not is_listening(address)


def test_client_that_found_nobody_connects_once_the_broker_is_there(
    broker: Mosquitto, make_client: MakeClient
) -> None:
    client = make_client()
    broker.stop()
    for _ in range(2):
        with pytest.raises(BrokerError, match="cannot reach"):
            client.connect(Deadline.after(5))
    broker.start(Deadline.after(10))
    client.connect(Deadline.after(5))
    client.publish("a", "b", Deadline.after(5), qos=1)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_frozen_broker_answers_nothing_and_ends_at_once(
    broker: Mosquitto, make_client: MakeClient, end: str
) -> None:
    client = make_client()
    broker.freeze()
    with pytest.raises(BrokerError, match="PUBACK"):
        client.publish("a", "b", Deadline.after(0.3), qos=1)
    mark = broker.log_mark
    getattr(broker, end)()
    ended = {
        "stop": "keeper: the broker ended with 0",
        "kill": "keeper: the broker ended by signal 9",
    }
    assert broker.log_since(mark)[-1].text == ended[end]
    broker.start(Deadline.after(10))


def away(broker: Mosquitto) -> MqttClient:
    """Return a client with a kept session."""
    return MqttClient(broker.address, broker.credentials, client_id="away", clean_session=False)


@pytest.mark.parametrize(
    ("has_store", "at_once", "end", "is_kept"),
    [
        (False, False, "stop", False),
        (True, False, "stop", True),
        (True, False, "kill", False),
        (True, True, "kill", True),
    ],
)
def test_message_for_a_client_that_is_away_outlives_what_it_should(
    mosquitto_path: Path, tmp_path: Path, has_store: bool, at_once: bool, end: str, is_kept: bool
) -> None:
    settings = MosquittoSettings(store=tmp_path if has_store else None, saves_at_once=at_once)
    with Mosquitto(mosquitto_path, settings) as broker:
        broker.start(Deadline.after(10))
        with away(broker) as client:
            client.connect(Deadline.after(5))
            client.subscribe("kept/#", Deadline.after(5), qos=1)
        with MqttClient(broker.address, broker.credentials) as other:
            other.connect(Deadline.after(5))
            other.publish("kept/x", "meanwhile", Deadline.after(5), qos=1)
        # Its next turn is over, and with it the saving of what is above.
        broker.sync_log(Deadline.after(5))
        getattr(broker, end)()
        broker.start(Deadline.after(10))
        with away(broker) as client:
            assert client.connect(Deadline.after(5)) is is_kept
            found = client.received.wait(lambda each: each.topic == "kept/x", Deadline.after(1.0))
            assert (found is not None) is is_kept


def test_broker_listens_on_the_named_address_alone(mosquitto_path: Path) -> None:
    with Mosquitto(mosquitto_path, MosquittoSettings(bind_address="127.0.0.2")) as broker:
        broker.start(Deadline.after(10))
        assert is_listening(broker.address)
        assert not is_listening(BrokerAddress("127.0.0.1", broker.address.port))


def test_fixed_port_that_is_taken_is_told_at_once(mosquitto_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings = MosquittoSettings(port=server.getsockname()[1])
        with pytest.raises(BrokerError, match="cannot take a port"):
            Mosquitto(mosquitto_path, settings).start(Deadline.after(10))


def test_killed_broker_is_told_by_all_who_wait(broker: Mosquitto, make_client: MakeClient) -> None:
    inbox = make_client("device").subscribe("t", Deadline.after(5))
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    deadline = Deadline.after(60)
    with pytest.raises(BrokerError, match="not open"):
        inbox.next(deadline)
    assert broker.wait_log(lambda text: text == "never said", deadline) is None
    assert deadline.remaining_s > 50
    with pytest.raises(BrokerError, match="ended in the middle") as caught:
        broker.check_alive()
    assert "the broker ended by signal 9" in caught.value.got
    assert broker.connections().of("device")[0].ending is Ending.BROKER


def test_broker_that_hangs_ends_all_waits_at_their_deadlines_and_is_removed(
    broker: Mosquitto, make_client: MakeClient
) -> None:
    client = make_client()
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    with pytest.raises(BrokerError) as caught:
        client.publish("t", "38", Deadline.after(0.2), qos=1)
    assert (caught.value.expected, caught.value.got) == ("PUBACK", "nothing in 0.2 s")
    with pytest.raises(BrokerError):
        broker.sync_log(Deadline.after(0.2))
    deadline = Deadline.after(10)
    client.disconnect()
    broker.close()
    assert not deadline.is_expired
    assert broker.log_since()[-1].text == "keeper: the broker ended by signal 9"


@pytest.mark.skipif(sys.platform != "linux", reason="death signals and /proc need Linux")
def test_broker_goes_when_its_keeper_is_killed(broker: Mosquitto) -> None:
    assert broker.pid is not None
    status = Path(f"/proc/{broker.pid}/status").read_text()
    found = re.search(r"^PPid:\t(\d+)$", status, re.MULTILINE)
    assert found is not None
    watch = os.pidfd_open(broker.pid)
    try:
        os.kill(int(found[1]), signal.SIGKILL)
        assert select.select([watch], [], [], 10)[0] == [watch]
    finally:
        os.close(watch)
    assert broker.wait_log(lambda text: text == "never said", Deadline.after(10)) is None
    with pytest.raises(BrokerError, match="ended in the middle"):
        broker.check_alive()


def test_missing_program_is_told_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(BrokerError) as caught:
        Mosquitto(tmp_path / "mosquitto").start(Deadline.after(10))
    assert caught.value.got == "no such file"
    assert "apt-get install mosquitto" in caught.value.advice


def test_file_that_is_no_program_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mosquitto"
    path.write_text("")
    with pytest.raises(BrokerError) as caught:
        Mosquitto(path).start(Deadline.after(10))
    assert caught.value.got == "a file that cannot be run"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/no/such/interpreter\n", ["keeper: cannot run"]),
        (
            "#!/bin/sh\necho it is Tuesday\nexit 3\n",
            ["it is Tuesday", "keeper: the broker ended with 3"],
        ),
    ],
)
def test_program_that_does_not_start_is_told_with_its_words(
    tmp_path: Path, script: str, said: list[str]
) -> None:
    path = tmp_path / "mosquitto"
    path.write_text(script)
    path.chmod(0o755)
    deadline = Deadline.after(60)
    with pytest.raises(BrokerError, match="does not start") as caught:
        Mosquitto(path).start(deadline)
    assert [part for part in said if part not in caught.value.got] == []
    assert deadline.remaining_s > 50


def test_program_that_never_gets_ready_ends_at_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "mosquitto"
    path.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 1000\n")
    path.chmod(0o755)
    broker = Mosquitto(path)
    with pytest.raises(BrokerError, match="does not start"):
        broker.start(Deadline.after(0.5))
    assert broker.log.is_ended
    assert broker.log_since()[-1].text == "keeper: the broker ended by signal 15"


def test_wrapper_that_does_not_exec_leaves_nothing(mosquitto_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "mosquitto"
    path.write_text(f'#!/bin/sh\n"{mosquitto_path}" "$@"\nexit $?\n')
    path.chmod(0o755)
    with Mosquitto(path) as broker:
        broker.start(Deadline.after(10))
        address = broker.address
    assert not is_listening(address)
