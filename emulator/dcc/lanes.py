"""What the head-end keeps per CSP and per open request."""

from __future__ import annotations

from emulator.dcc.answers import Sent
from emulator.dcc.release_queue import ReleaseQueue
from emulator.dcc.requests import ServiceRequest
from emulator.dcc.rules import Rules
from gbcs.times import DAY_S


class Lane:
    """The way to one CSP: its retry rules, its MHHS window and its rate limit, as plain numbers."""

    __slots__ = (
        "_existing_priority", "_settlement_priority", "answer_timeout_s", "attempts", "drains", "follow_up_after_s",
        "follow_ups", "queue", "spacing_s", "stop_after_s", "stops_before_midnight", "window_end_s", "window_start_s",
    )  # fmt: skip

    def __init__(self, rules: Rules, csp: str) -> None:
        policy, limit, window = rules.retry.csp[csp], rules.rates.csp[csp], rules.windows.csp[csp].mhhs.value
        self.attempts, self.spacing_s = policy.attempts.value, policy.spacing_s.value
        self.answer_timeout_s = policy.answer_timeout_s.value
        self.follow_ups, self.follow_up_after_s = policy.follow_ups.value, policy.follow_up_after_s.value
        self.stop_after_s = policy.stop_after_s.value
        self.stops_before_midnight = policy.stops_before_midnight.value
        self.window_start_s, self.window_end_s = window.start_s, window.end_s
        self._existing_priority = rules.rates.priority.existing.value
        self._settlement_priority = rules.rates.priority.for_settlement.value
        self.queue: ReleaseQueue[Pending] = ReleaseQueue(limit.per_s.value, limit.burst.value)
        self.drains = False

    def priority(self, for_settlement: bool) -> int:
        """The priority of a request where requests wait; the lower number goes first."""
        return self._settlement_priority if for_settlement else self._existing_priority

    def inside_mhhs_window(self, at: float) -> float:
        """``at``, or the next opening of the MHHS window where it is closed then."""
        second = at % DAY_S
        if second < self.window_start_s:
            return at - second + self.window_start_s
        if second >= self.window_end_s:
            return at - second + DAY_S + self.window_start_s
        return at

    def stop_at(self, started_at: float, release_at: float, for_settlement: bool) -> float:
        """No attempt is repeated whose time-out would end after this instant (PIA A12)."""
        stop_at = started_at + self.stop_after_s
        if for_settlement and self.stops_before_midnight:
            stop_at = min(stop_at, release_at - release_at % DAY_S + DAY_S)
        return stop_at


class Pending:
    """A request that has no outcome yet."""

    __slots__ = (
        "attempts", "bytes_down", "bytes_up", "heard_at", "is_done", "lane", "request", "sent_at", "sents",
        "started_at", "stop_at",
    )  # fmt: skip

    def __init__(self, request: ServiceRequest, lane: Lane, started_at: float) -> None:
        self.request, self.lane, self.started_at = request, lane, started_at
        self.sents: list[Sent] = []
        self.sent_at: float | None = None
        self.stop_at = started_at
        self.attempts = self.bytes_down = self.bytes_up = 0
        self.heard_at = started_at
        self.is_done = False
