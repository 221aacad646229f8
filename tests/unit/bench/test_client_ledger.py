from __future__ import annotations

from dataclasses import replace

import pytest

from harness.bench.client_ledger import IDS, count_rows
from harness.broker.packet import LoggedPacket

COUNT = 200


def came(number: int) -> LoggedPacket:
    return LoggedPacket(
        0.0,
        is_received=True,
        kind="PUBLISH",
        client_id="bench-ours",
        packet_id=number % IDS + 1,
        topic=f"hil/ledger/1/{number}",
        qos=1,
    )


@pytest.fixture
def packets() -> list[LoggedPacket]:
    return [came(number) for number in range(COUNT)]


def counts(packets: list[LoggedPacket], count: int = COUNT) -> list[tuple[float, bool]]:
    return [(row.ours, row.ok) for row in count_rows(packets, count)]


def test_count_of_all_messages_once_is_met(packets: list[LoggedPacket]) -> None:
    other = replace(came(3), topic="another/3")
    acknowledgement = replace(came(3), is_received=False, kind="PUBACK", topic="")
    assert counts([*packets, other, acknowledgement]) == [(0, True)] * 4


def test_count_tells_a_lost_message(packets: list[LoggedPacket]) -> None:
    del packets[7]
    assert counts(packets) == [(1, False), *[(0, True)] * 3]


def test_count_tells_a_doubled_message(packets: list[LoggedPacket]) -> None:
    packets.append(replace(came(9), dup=True))
    assert counts(packets) == [(0, True), (1, False), (0, True), (0, True)]


def test_count_tells_the_id_0_after_the_wrap() -> None:
    packets = [came(number) for number in range(IDS + 5)]
    assert counts(packets, len(packets)) == [(0, True)] * 4
    packets[IDS] = replace(packets[IDS], packet_id=0)
    assert counts(packets, len(packets)) == [*[(0, True)] * 3, (1, False)]


def test_count_tells_messages_out_of_order(packets: list[LoggedPacket]) -> None:
    packets[4], packets[5] = packets[5], packets[4]
    assert counts(packets) == [(0, True), (0, True), (1, False), (0, True)]
