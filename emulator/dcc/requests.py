"""Service requests and what the DSP says to them: an acknowledgement (I99), a refusal, a service response (I0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from emulator.dcc.rule_tables import Mode, MpanKind
from emulator.population import Party
from gbcs.catalogue import UseCase
from gbcs.eui64 import Eui64
from gbcs.reads import ReadValues

Phase: TypeAlias = Literal["D+1", "SF", "RF"]
"""The checkpoint that a read is made for."""

Outcome: TypeAlias = Literal["answered", "refused", "failed", "error"]


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One read that a user asks for.

    ``first`` and ``last`` are the stamps asked for, None for registers; ``day`` is the start of the UTC day read.
    ``due_at`` is the slot of a scheduled read (its TRT clock starts there), or when to submit an on-demand read.
    ``follow_up`` counts the on-demand requests made after the first one failed.
    """

    id: int
    srv: str
    use_case: UseCase
    role: str
    user: Party
    premises: int
    device: Eui64
    csp: str
    mpan_kind: MpanKind
    mode: Mode
    for_settlement: bool
    first: int | None
    last: int | None
    day: int
    due_at: float
    trt_s: float
    phase: Phase = "D+1"
    follow_up: int = 0


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The DSP took the request on (I99); the TRT clock of an on-demand request starts."""

    request_id: int
    accepted_at: float
    response_code: str = "I99"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The DSP did not take the request on, and why."""

    request_id: int
    refused_at: float
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """The answer of the meter, handed to the user (I0); the TRT clock stops."""

    request_id: int
    handed_at: float
    values: ReadValues
    response_code: str = "I0"


@dataclass(frozen=True, slots=True)
class FinishedRead:
    """What became of a request. ``leg`` is empty where only the network knows on which leg a read was lost.

    ``requested_at`` is where the TRT clock started; ``sent_at`` when the first attempt was handed to the network;
    ``latency_s`` is ``answered_at - requested_at``. Bytes are GBCS messages, those of repeats included on the way down.
    """

    request: ServiceRequest
    outcome: Outcome
    reason: str
    leg: str
    requested_at: float
    sent_at: float | None
    answered_at: float | None
    attempts: int
    bytes_down: int
    bytes_up: int
    values: ReadValues | None

    @property
    def latency_s(self) -> float | None:
        """From the start of the TRT clock to the service response."""
        return None if self.answered_at is None else self.answered_at - self.requested_at

    @property
    def within_trt(self) -> bool:
        """Whether values came, and in time."""
        latency_s = self.latency_s
        return self.outcome == "answered" and latency_s is not None and latency_s <= self.request.trt_s

    @property
    def rows(self) -> int:
        """Rows of a log that came, or 1 for registers."""
        if self.values is None or self.values.code:
            return 0
        return len(self.values.rows) if self.values.rows is not None else 1

    @property
    def response(self) -> ServiceResponse | None:
        """The service response that the user was handed, if there was one."""
        if self.values is None or self.answered_at is None:
            return None
        return ServiceResponse(self.request.id, self.answered_at, self.values)

    def store_row(self, leg: str = "", reason: str | None = None) -> tuple[Any, ...]:
        """The arguments of :meth:`emulator.store.ResultStore.add_read`, in order.

        ``leg`` and ``reason`` where the network knows better.
        """
        request = self.request
        return (
            request.id, request.srv, request.use_case.use_case, request.role, request.user.name, request.premises,
            request.mpan_kind, request.mode, request.for_settlement, request.phase, request.day, request.first,
            request.last, self.requested_at, self.sent_at, self.answered_at, request.trt_s, self.latency_s,
            self.within_trt, self.attempts, self.outcome, self.reason if reason is None else reason,
            self.leg or leg, self.bytes_down, self.bytes_up,
            self.rows,
        )  # fmt: skip
