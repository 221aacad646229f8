"""Building an `MQTTClient`: MQTT-01 to MQTT-12."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.broker.broker import Broker
from harness.scenario.broker_fact import BrokerFacts
from harness.scenario.device_client import JOIN_WIFI, DeviceClient
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger


@pytest.mark.requirement("MQTT-01")
def test_module_imports_and_is_ours(board: BoardUnderTest) -> None:
    board.exec("from mqtt import MQTTClient, MQTTException")
    assert board.evaluate("__import__('mqtt').__file__") == "/hil/mqtt.py"
    assert board.evaluate("__import__('mqtt').__version__")


@pytest.mark.requirement("MQTT-02")
def test_signature_by_position_and_by_keyword(facts: BrokerFacts, online: BoardUnderTest) -> None:
    online.exec("a = MQTTClient('sig-pos', 'broker.lab', 0, 'test', 'test', 7, False, {})")
    online.exec(
        "b = MQTTClient(client_id='sig-key', server='broker.lab', port=0, user='test',"
        " password='test', keepalive=7, ssl=False, ssl_params={})"
    )
    online.exec("a.connect(); b.connect()")
    for client_id in ("sig-pos", "sig-key"):
        (connection,) = facts.connections(client_id)
        assert (connection.user, connection.keepalive_s) == ("test", 7)


@pytest.mark.requirement("MQTT-03")
def test_building_opens_no_connection(facts: BrokerFacts, board: BoardUnderTest) -> None:
    board.exec("from mqtt import MQTTClient; c = MQTTClient('early', 'broker.lab')")
    assert facts.connections("early") == []


@pytest.mark.requirement("MQTT-04")
def test_broker_sees_the_given_client_id(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient]
) -> None:
    make_client(client_id="20180911203800")
    assert len(facts.connections("20180911203800")) == 1


@pytest.mark.requirement("MQTT-05")
@pytest.mark.parametrize("given", ["''", "None"])
def test_missing_client_id_gives_random_ones(online: BoardUnderTest, given: str) -> None:
    online.exec(
        f"a = MQTTClient({given}, 'broker.lab', user='test', password='test')\n"
        f"b = MQTTClient({given}, 'broker.lab', user='test', password='test')\n"
        "a.connect(); b.connect(); a.ping(); b.ping()"
    )


@pytest.mark.requirement("MQTT-06")
def test_random_client_id_refuses_a_kept_session(online: BoardUnderTest) -> None:
    online.exec("c = MQTTClient(None, 'broker.lab')")
    online.exec_raises("c.connect(clean_session=False)", "ValueError")


@pytest.mark.requirement("MQTT-07")
def test_server_by_name_and_by_address(
    facts: BrokerFacts, online: BoardUnderTest, broker: Broker
) -> None:
    address = broker.address
    online.exec("MQTTClient('by-name', 'broker.lab', user='test', password='test').connect()")
    online.exec(f"MQTTClient('by-ip', '{address.host}', {address.port}, 'test', 'test').connect()")
    assert len(facts.connections("by-name")) == 1
    assert len(facts.connections("by-ip")) == 1


@pytest.mark.requirement("MQTT-08")
@pytest.mark.parametrize(
    ("options", "port"),
    [
        ("", 1883),
        ("port=0", 1883),
        ("ssl=True", 8883),
        ("port=5000", 5000),
        ("port=5000, ssl=True", 5000),
    ],
)
def test_port_that_is_asked_for(board: BoardUnderTest, options: str, port: int) -> None:
    board.reset()
    asked = board.exec(
        "import socket, sys\n"
        "class Recorder:\n"
        "    def __getattr__(self, name):\n"
        "        return getattr(socket, name)\n"
        "    def getaddrinfo(self, host, port, *rest):\n"
        "        print(host, port)\n"
        "        raise OSError(-2)\n"
        "sys.modules['socket'] = Recorder()\n"
        "import mqtt\n"
        "try:\n"
        f"    mqtt.MQTTClient('p', 'broker.lab', {options}).connect()\n"
        "except OSError:\n"
        "    pass\n"
    )
    assert asked == f"broker.lab {port}\n"


@pytest.mark.requirement("MQTT-08")
def test_explicit_port_wins(online: BoardUnderTest, broker: Broker) -> None:
    address = broker.address
    online.exec(
        f"c = MQTTClient('p', '{address.host}', port={address.port}, user='test', password='test')"
    )
    online.exec("c.connect(); c.ping()")


@pytest.mark.requirement("MQTT-09")
def test_user_reaches_the_broker(facts: BrokerFacts, client: DeviceClient) -> None:
    assert facts.connections(client.client_id)[0].user == "test"


@pytest.mark.requirement("MQTT-09")
@pytest.mark.parametrize(
    ("user", "password"), [("test", "wrong"), ("nobody", "test"), (None, None), ("test", None)]
)
def test_refused_login_raises_with_the_code(
    make_client: Callable[..., DeviceClient], user: str | None, password: str | None
) -> None:
    client = make_client(connect=False, user=user, password=password)
    printed = client.run(
        "try:\n    c.connect()\nexcept MQTTException as error:\n    print(error.code)"
    )
    # 4 is a bad user or password, 5 not authorised; which one is the broker's choice.
    assert printed.strip() in ("4", "5")


@pytest.mark.requirement("MQTT-09")
def test_password_without_user_is_refused_locally(board: BoardUnderTest) -> None:
    board.exec("from mqtt import MQTTClient")
    board.exec_raises("MQTTClient('a', 'broker.lab', password='secret')", "ValueError")


@pytest.mark.requirement("MQTT-10")
@pytest.mark.parametrize("keepalive", [0, 30, 65535])
def test_keepalive_is_sent_as_given(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient], keepalive: int
) -> None:
    client = make_client(keepalive=keepalive)
    assert facts.connections(client.client_id)[0].keepalive_s == keepalive


@pytest.mark.requirement("MQTT-10")
def test_keepalive_is_serviced_while_waiting(
    facts: BrokerFacts, make_client: Callable[..., DeviceClient], mqtt: Messenger, topic: str
) -> None:
    client = make_client(keepalive=1)
    client(f"subscribe({topic!r})")
    # Longer than the 1.5 s after which the broker drops a silent client: only pings can bridge it.
    client.run(
        "from time import ticks_diff, ticks_ms\n"
        "began = ticks_ms()\n"
        "while ticks_diff(ticks_ms(), began) < 2600:\n"
        "    c.check_msg()"
    )
    assert len(facts.packets(client.client_id, "PINGREQ")) >= 2
    mqtt.publish(topic, "still here")
    client("wait_msg()")
    assert client.got == [(topic, "still here")]


@pytest.mark.requirement("MQTT-11", "MQTT-12")
def test_ssl_params_reach_tls_and_no_other_client(online: BoardUnderTest) -> None:
    online.reset()
    handed = online.exec(
        JOIN_WIFI + "import sys\n"
        "class Recorder:\n"
        "    CERT_NONE = 0\n"
        "    def wrap_socket(self, sock, **params):\n"
        "        print(sorted(params.items()))\n"
        "        raise OSError('no TLS in this test')\n"
        "sys.modules['ssl'] = Recorder()\n"
        "from mqtt import MQTTClient\n"
        "given = {'server_hostname': 'a'}\n"
        "first = MQTTClient('a', 'broker.lab', ssl=True, ssl_params=given)\n"
        "given['server_hostname'] = 'changed'\n"
        "second = MQTTClient('b', 'broker.lab', ssl=True)\n"
        "for client in (first, second):\n"
        "    try:\n"
        "        client.connect()\n"
        "    except OSError:\n"
        "        pass\n",
        within_s=30.0,
    )
    shown = "[('do_handshake', False), ('server_hostname', '{}')]\n"
    assert handed == shown.format("a") + shown.format("broker.lab")
