"""What the doctor found, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    """Something works, with a limit that is worth knowing."""
    BAD = "bad"
    """Without it there is no speech."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: Group for people: machine, software, resources, speed.
        name: What was looked at, for programs too.
        state: How bad it is.
        found: What there is, in words.
        remedy: What to do, exactly; "" when there is nothing to do.
    """

    area: str
    name: str
    state: State
    found: str
    remedy: str = ""


def speech_possible(findings: list[Finding]) -> bool:
    """Whether nothing that speech needs is missing."""
    return all(finding.state is not State.BAD for finding in findings)


def as_text(findings: list[Finding]) -> str:
    """Lines for people: a mark, the name, what was found, and below it what to do."""
    marks = {State.OK: "ok  ", State.NOTE: "note", State.BAD: "BAD "}
    width = max((len(finding.name) for finding in findings), default=0)
    lines, area = [], ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            lines.append(f"{area}:")
        lines.append(f"  {marks[finding.state]}  {finding.name:{width}}  {finding.found}")
        lines += [f"{'':{width + 10}}{line}" for line in finding.remedy.splitlines()]
    return "\n".join(lines)


def as_json(findings: list[Finding]) -> dict[str, object]:
    """The same for programs."""
    rows = [{**vars(finding), "state": finding.state.value} for finding in findings]
    return {"speech_possible": speech_possible(findings), "findings": rows}
