"""The judge of real devices. What a meter measured only the meter knows: form, order and completeness are checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emulator.dcc.requests import ServiceRequest
from emulator.oracle import Column, Judgement, channels_of, columns_of, expected_stamps, log_of, register_names, step_of
from gbcs.reads import ReadValues
from gbcs.times import iso

NOT_CHECKED = "not checked against the meter's memory"


class RigOracle:
    """Judges what came of one rig.

    Does not model: the meter's memory. Rows that are there, in order, and registers that do not fall are all it asks.
    """

    def __init__(self, rig: str) -> None:
        self.rig = rig
        self._registers: dict[str, int] = {}

    @property
    def says(self) -> str:
        """What a report says of the values."""
        return f"{NOT_CHECKED}: values came from rig {self.rig}"

    def judge(self, request: ServiceRequest, values: ReadValues, read_at: float) -> Judgement:
        """The columns of an answer, and what is wrong with its form."""
        use_case = request.use_case.use_case
        if log_of(use_case) is None:
            return self._judge_registers(use_case, values, read_at)
        rows = values.rows if values.rows is not None else np.empty((0, 2), ">u4")
        return self._judge_rows(use_case, rows, request.first or 0, request.last or 0)

    def why_missing(self, request: ServiceRequest, stamp: int, read_at: float) -> str:
        """Why an answer lacks a row: the device does not say."""
        return f"rig {self.rig}: its device answered without this row"

    def _judge_rows(self, use_case: str, rows: NDArray[np.uint32], first: int, last: int) -> Judgement:
        stamps = rows[:, 0].astype(np.int64)
        expected = expected_stamps(first, last, step_of(use_case))
        missing = tuple(np.setdiff1d(expected, stamps).tolist())
        twin = rows.shape[1] - 1 == columns_of(use_case, twin=True) != columns_of(use_case, twin=False)
        columns = tuple(
            Column(channel, stamps, rows[:, place].astype(np.int64))
            for place, channel in enumerate(channels_of(use_case, twin), 1)
            if place < rows.shape[1]
        )
        count, wrong = _what_is_wrong(rows, stamps, expected, columns_of(use_case, twin))
        return Judgement(columns, missing, count, self._says(use_case, wrong))

    def _judge_registers(self, use_case: str, values: ReadValues, read_at: float) -> Judgement:
        stamp, columns, wrong = np.array([int(read_at)], np.int64), [], ""
        for name, (value, _, _) in zip(register_names(use_case), values.registers, strict=False):
            columns.append(Column(name, stamp, np.array([value], np.int64)))
            if value < self._registers.get(name, 0):
                wrong = wrong or f"{name} fell from {self._registers[name]} to {value}"
            self._registers[name] = value
        if len(columns) < len(register_names(use_case)):
            wrong = f"{len(values.registers)} registers came, {len(register_names(use_case))} at least belong to it"
        return Judgement(tuple(columns), (), bool(wrong), self._says(use_case, wrong))

    def _says(self, use_case: str, wrong: str) -> str:
        return f"rig {self.rig}: {use_case}: {wrong}" if wrong else ""


def _what_is_wrong(
    rows: NDArray[np.uint32], stamps: NDArray[np.int64], expected: NDArray[np.int64], columns: int
) -> tuple[int, str]:
    """How many rows are wrong in their form or their place, and the first in words."""
    if len(rows) and rows.shape[1] - 1 != columns:
        return len(rows), f"{rows.shape[1]} columns came, {columns + 1} belong to it"
    strangers = np.setdiff1d(stamps, expected)
    if len(strangers):
        return len(strangers), f"row {iso(int(strangers[0]))} was not asked for"
    falling = np.flatnonzero(np.diff(stamps) <= 0)
    if len(falling):
        return len(falling), f"row {iso(int(stamps[falling[0] + 1]))} is out of order or there twice"
    return 0, ""
