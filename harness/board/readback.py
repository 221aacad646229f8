"""Read display and LED back: from the board's own memory, and from the bench if there is one."""

from __future__ import annotations

from harness.board.device_call import call_device
from harness.board.repl import Repl
from harness.board.snapshot import Snapshot, rows_from_columns
from harness.deadline import Deadline
from harness.errors import RemoteProtocolError
from harness.link.rig import BenchState, Rig
from harness.wire.probe_record import Record, RecordStream

#: What the board runs for it. Importing the probe arms nothing; but the first import of `codey`
#: makes the panel dark, and to look must not change what is seen.
SNAPSHOT = "import hilprobe,sys\nif 'codey' in sys.modules:hilprobe.snapshot()"


class Readback:
    """The views of one board that its rig offers."""

    def __init__(self, repl: Repl, rig: Rig) -> None:
        """Use a board that is at the raw prompt when `snapshots` is called."""
        self._repl = repl
        self._rig = rig
        #: False for a board whose own device code brings no `hilprobe`.
        self.has_probe = True

    def snapshots(self, deadline: Deadline) -> tuple[Snapshot, ...]:
        """Return what the board shows now, one entry a source.

        Returns:
            ``commanded`` and ``device`` from the probe (``device`` alone, through `get_pixel`,
            where the device code has no probe), then ``bench`` where the rig has an observer.
            Of a board on which nothing has used `codey` since its reset only ``bench`` can tell.

        Raises:
            DeviceException: The probe raised.
            RemoteProtocolError: The reply was no snapshot record.

        Source: device_src/hilprobe.py, record ``snapshot``.
        """
        found = self._from_probe(deadline) if self.has_probe else (self._from_pixels(deadline),)
        if self._rig.bench is None:
            return found
        return (*found, bench_snapshot(self._rig.bench.state(deadline)))

    def _from_probe(self, deadline: Deadline) -> tuple[Snapshot, ...]:
        printed = self._repl.exec(SNAPSHOT, deadline)
        for item in RecordStream().receive(printed):
            if isinstance(item, Record) and item.kind == "snapshot":
                return snapshots_of_record(item)
        if not printed.strip():
            return ()
        raise RemoteProtocolError(
            "the board gave no snapshot",
            on=self._repl.name,
            received=printed,
            expected="a snapshot record of hilprobe",
            advice="hil deploy",
        )

    def _from_pixels(self, deadline: Deadline) -> Snapshot:
        answer = call_device(self._repl, "read_pixels", (), deadline)
        pixels = rows_from_columns(bytes.fromhex(str(answer)))
        # The documented API sets the LED and has no call that tells its colour.
        return Snapshot("device", pixels, None, (0, 0, 0), 0, is_led_known=False)


def snapshots_of_record(record: Record) -> tuple[Snapshot, ...]:
    """Return the views that a snapshot record of the probe holds."""
    found = []
    for source in ("commanded", "device"):
        view = record.fields.get(source)
        if not isinstance(view, dict):
            continue
        text = view.get("text")
        red, green, blue = view["rgb"]
        found.append(
            Snapshot(
                source=source,
                pixels=rows_from_columns(bytes.fromhex(view["px"])),
                text=text if isinstance(text, str) else None,
                led=(red, green, blue),
                ticks_ms=record.ticks_ms,
            )
        )
    return tuple(found)


def bench_snapshot(state: BenchState) -> Snapshot:
    """Return the observer's view in the form of the others."""
    return Snapshot(
        source="bench",
        pixels=rows_from_columns(state.columns),
        text=None,
        led=state.led,
        ticks_ms=state.board_us // 1000,
    )
