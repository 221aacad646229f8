"""`hil doctor --board NAME --bench`: walk a person through the peripherals of a board."""

from __future__ import annotations

import sys
from dataclasses import replace

from harness.cli.finding import Finding
from harness.cli.target import say
from harness.lab.admission import Admission
from harness.lab.dut import Dut
from harness.lab.opened import OpenedBoard

ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "s": "skipped", "": "skipped"}
STATES = {"yes": "ok", "no": "bad", "skipped": "note"}


def walk(opened: OpenedBoard, dut: Dut, admission: Admission) -> list[Finding]:
    """Ask about each peripheral that the device code on the board knows.

    The answers of a board of the inventory are remembered; those that were skipped leave what was
    answered before.

    Args:
        opened: The board, with the device code on it.
        dut: What it was asked for as.
        admission: Where the answers are remembered.
    """
    from harness.board.bench_check import CHECKS, has_peripheral, run_check
    from harness.deadline import Deadline

    repl = opened.board.repl
    findings = []
    answers: dict[str, str] = {}
    for check in CHECKS:
        if not has_peripheral(repl, check, Deadline.after(10.0)):
            findings.append(
                Finding(f"bench: {check.name}", "note", f"codey has no {check.needs}: not asked")
            )
            continue
        if check.before:
            _ask(f"{check.before}, then press Enter ")
        question = run_check(repl, check)
        answer = _answer(question)
        answers[check.name] = answer
        advice = "" if answer != "no" else "check pins and polarity: docs/codey.md"
        findings.append(
            Finding(f"bench: {check.name}", STATES[answer], f"{question} {answer}", advice)
        )
    if dut.is_listed:
        given = {name: answer for name, answer in answers.items() if answer != "skipped"}
        admission.probed.update(
            dut.name, lambda before: replace(before, bench={**before.bench, **given})
        )
    return findings


def _answer(question: str) -> str:
    while True:
        typed = _ask(f"{question} [y/n, Enter skips] ").lower()
        if typed in ANSWERS:
            return ANSWERS[typed]
        say("y for yes, n for no, Enter for neither")


def _ask(text: str) -> str:
    """Return the line that was typed; at the end of the input as if Enter was pressed."""
    print(text, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
