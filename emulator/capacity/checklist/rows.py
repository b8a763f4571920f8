"""The rows, data (``rows.toml``), and who answers each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from pydantic import Field

from emulator.capacity.checklist import behaviour, permissions, smets1, volumes
from emulator.capacity.checklist.answer import Answer, Evidence, Verdict
from emulator.dcc.rule_tables import Section
from gbcs.errors import LocalError

ANSWERS: Final[Mapping[str, Callable[[Evidence], Answer]]] = {
    answer.__name__: answer
    for answer in (
        permissions.extended_times,
        permissions.existing_times,
        permissions.absent_reads,
        permissions.mdr_requests,
        permissions.collected,
        permissions.granularities,
        permissions.change_of_agent,
        permissions.party_role,
        volumes.volumes,
        volumes.variables,
        volumes.existing_window,
        volumes.north_window,
        volumes.channels,
        volumes.compression,
        volumes.south_and_central,
        volumes.lanes,
        volumes.flood,
        volumes.additional,
        volumes.costs,
        behaviour.no_spill,
        behaviour.performance_measures,
        behaviour.mdr_window,
        behaviour.flags,
        behaviour.on_demand,
        behaviour.settlement_runs,
        behaviour.pull_only,
        smets1.secure,
        smets1.smets1_questions,
        smets1.dco,
        smets1.apn_limits,
        smets1.cache,
    )
}
"""By the name that ``rows.toml`` gives them."""


class ChecklistRow(Section):
    """One row of ``rows.toml``."""

    number: Annotated[int, Field(ge=1)]
    what: str
    pia: str
    where: str
    how: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A row with our side of it."""

    row: ChecklistRow
    answer: Answer

    @property
    def verdict(self) -> Verdict:
        """What comes of it."""
        return self.answer.verdict


@cache
def checklist_rows() -> tuple[ChecklistRow, ...]:
    """The rows in order. Raises LocalError for one whose answer nobody gives."""
    text = (files("emulator.capacity.checklist") / "rows.toml").read_text(encoding="utf-8")
    rows = tuple(ChecklistRow.model_validate(row) for row in tomllib.loads(text)["row"])
    for row in rows:
        if row.how not in ANSWERS:
            raise LocalError(f"checklist row {row.number}: {row.how!r} is not known (allowed: {', '.join(ANSWERS)})")
    return rows


def checklist(evidence: Evidence) -> tuple[Checked, ...]:
    """Every row with our side of it."""
    return tuple(Checked(row, ANSWERS[row.how](evidence)) for row in checklist_rows())
