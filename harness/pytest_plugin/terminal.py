"""What the terminal says at the end of a run."""

from __future__ import annotations

import textwrap

import pytest

from harness.pytest_plugin.run import HilRun


def summarise(reporter: pytest.TerminalReporter, hil: HilRun) -> None:
    """Write verdicts, boards, what of the requirements was shown, and the report's path."""
    reporter.section("codey-hil")
    counts = hil.verdicts()
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    reporter.write_line(f"verdicts  {said or 'nothing ran'}")
    for opened in hil.stand.seen:
        rig = opened.board.rig
        note = "" if rig.kind == "hardware" else "; nothing here was seen on hardware"
        reporter.write_line(
            f"board     {opened.board.name}: {rig.kind}, {opened.identity.firmware}, "
            f"id {opened.identity.id or 'none'}{note}"
        )
    for node, ending in hil.endings.items():
        if ending.verdict not in ("fail", "blocked"):
            continue
        cited = hil.requirements.get(node, [])
        named = f" [{', '.join(cited)}]" if cited else ""
        reporter.write_line(f"{ending.verdict:<9} {node}{named}")
        # The whole message stands with pytest's own account of the failure, above.
        reporter.write_line(f"          {ending.message.partition(chr(10))[0]}")
        for requirement in cited:
            text = textwrap.shorten(hil.catalogue[requirement].text, 150, placeholder=" ...")
            reporter.write_line(f"          {requirement}: {text}")
    for share in hil.shares():
        reporter.write_line(f"covered   {textwrap.shorten(str(share), 250, placeholder=' ...')}")
    _tell_evidence(reporter, hil)


def _tell_evidence(reporter: pytest.TerminalReporter, hil: HilRun) -> None:
    """Write what became of the evidence, and what is missing of it."""
    for trouble in hil.troubles:
        reporter.write_line(f"trouble   {trouble}", red=True)
    if hil.journal.failure:
        reporter.write_line(f"evidence  INCOMPLETE: {hil.journal.failure}", red=True)
    outcome = hil.outcome
    if outcome is not None:
        for failure in outcome.failures:
            reporter.write_line(f"report    {failure.output}: {failure.message}", red=True)
        page = outcome.paths.get("page")
        if page is not None:
            reporter.write_line(f"report    {page}")
