"""What comes of finished reads: judged by the oracle, kept in the store, counted in the settlement ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from emulator.dcc.requests import FinishedRead, ServiceRequest
from emulator.farm import Farm
from emulator.journey import Journey, Loss
from emulator.ledger import Cause, Ledger
from emulator.oracle import Judgement, judge, log_of, why_missing
from emulator.store import ResultStore
from emulator.store_schema import DAY_PERIODS
from gbcs.errors import LocalError
from gbcs.reads import ReadValues

_MISMATCHES_KEPT = 20
_SETTLEMENT_ROLES = ("IS", "ES", "MDR")
_NO_TRACE = Loss("", "")


class Oracle(Protocol):
    """Judges the answers of meters that are no SMETS2 ones."""

    def judge(self, request: ServiceRequest, values: ReadValues, read_at: float, /) -> Judgement:
        """Compare an answer with what the meter measured."""

    def why_missing(self, request: ServiceRequest, stamp: int, read_at: float, /) -> str:
        """Why an answer lacks a row."""


Unserved = Callable[[ServiceRequest], None]
"""Takes a request that did not bring all that was asked, so that the user may ask again."""


class Collector:
    """Takes every finished read once.

    Does not model: what settlement systems do with the values.
    """

    def __init__(self, farm: Farm, journey: Journey, store: ResultStore, ledger: Ledger, unserved: Unserved) -> None:
        self.farm, self.journey, self.store, self.ledger = farm, journey, store, ledger
        self.finished_reads = self.value_mismatches = self.values = 0
        self.first_mismatches: list[str] = []
        self.reread_rows = {"import": [0, 0], "export": [0, 0]}
        """Of the re-reads at RF: rows asked and rows served, by MPAN kind."""
        self.reread_reasons: Counter[tuple[str, str]] = Counter()
        """Rows that a re-read at RF did not bring, by MPAN kind and reason."""
        self._unserved = unserved
        population = farm.population
        self._granularity = [population.names.granularity[index] for index in population.granularity.tolist()]

    def take(self, finished: FinishedRead, oracle: Oracle | None = None) -> None:
        """Judge and keep one read; ``oracle`` where the meter is no SMETS2 one."""
        request = finished.request
        self.finished_reads += 1
        executed_at = self.journey.executed_at.get(request.id, finished.requested_at)
        loss = self.journey.forget(request.id) or _NO_TRACE
        if finished.outcome == "answered":
            served = self._answered(finished, executed_at, oracle)
        else:
            served = self._came_to_nothing(finished, loss)
        reason = f"{finished.reason}: {loss.reason}" if finished.outcome == "failed" and loss.reason else None
        self.store.add_read(*finished.store_row(loss.leg, reason))
        if not served and finished.outcome != "refused":
            self._unserved(request)

    def _answered(self, finished: FinishedRead, executed_at: float, oracle: Oracle | None) -> bool:
        """Whether the answer held all that was asked."""
        request = finished.request
        use_case = request.use_case.use_case
        if finished.values is None:
            raise LocalError("an answered read has values")
        if oracle is None:
            meter = self.farm.meter(request.premises)
            judgement = judge(use_case, meter, finished.values, request.first, request.last, executed_at)
        else:
            judgement = oracle.judge(request, finished.values, executed_at)
        self._judged(judgement)
        for column in judgement.columns:
            self.values += len(column.values)
            if len(column.values):
                self.store.add_values(request.id, request.premises, column.channel, column.stamps, column.values)
        if request.role in _SETTLEMENT_ROLES:
            self._enter(request, judgement)
        for stamp in judgement.missing:
            if oracle is None:
                why = why_missing(use_case, self.farm.meter(request.premises), stamp, executed_at)
            else:
                why = oracle.why_missing(request, stamp, executed_at)
            cause = Cause("esme", why, request.srv)
            self.ledger.row_missing(request.premises, request.mpan_kind, stamp, cause)
            if request.phase == "RF":
                self.reread_reasons[request.mpan_kind, cause.reason] += 1
        return not judgement.missing

    def _judged(self, judgement: Judgement) -> None:
        if judgement.mismatches:
            self.value_mismatches += judgement.mismatches
            if len(self.first_mismatches) < _MISMATCHES_KEPT:
                self.first_mismatches.append(judgement.first_mismatch)

    def _enter(self, request: ServiceRequest, judgement: Judgement) -> None:
        """Count what came for settlement."""
        stamps = judgement.columns[0].stamps
        granularity = self._granularity[request.premises]
        if request.srv in ("4.8.1", "4.8.3"):
            self.ledger.half_hours_in(request.premises, request.mpan_kind, stamps)
        elif granularity == "daily" and log_of(request.use_case.use_case) and len(stamps):
            self.ledger.single_in("daily", request.premises, request.day)
        elif granularity == "monthly" and request.mpan_kind == "import":
            self.ledger.single_in("monthly", request.premises, request.day)
        if request.phase == "RF":
            counts = self.reread_rows[request.mpan_kind]
            counts[0] += len(stamps) + len(judgement.missing)
            counts[1] += len(stamps)

    def _came_to_nothing(self, finished: FinishedRead, loss: Loss) -> bool:
        """False: nothing that was asked came."""
        request = finished.request
        leg = finished.leg or loss.leg or "head_end"
        reason = f"{finished.reason}: {loss.reason}" if loss.reason else finished.reason
        if request.role in _SETTLEMENT_ROLES:
            self.ledger.failed(request.premises, request.mpan_kind, request.day, Cause(leg, reason, request.srv))
        if request.phase == "RF":
            self.reread_rows[request.mpan_kind][0] += DAY_PERIODS
            self.reread_reasons[request.mpan_kind, reason] += DAY_PERIODS
        return False
