"""The DSP's side of a SMETS1 read: access, window, rate limit, countersigned request, retries, the signed answer.

The TRT clock is that of :mod:`emulator.dcc.head_end`; there is no GBCS command.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from emulator.dcc.access import AccessControl
from emulator.dcc.lanes import Lane
from emulator.dcc.requests import Acknowledgement, FinishedRead, Outcome, Refusal, ServiceRequest
from emulator.dcc.rules import Rules
from emulator.kernel import Kernel
from emulator.scenario_names import SMETS1
from emulator.smets1.gate import Gate
from emulator.smets1.s1sp import Countersigned
from gbcs.reads import ReadValues
from gbcs.times import DAY_S

Finished = Callable[[FinishedRead, float], None]
"""``finished(read, when the meter was read)``."""


class Papers(Protocol):
    """Who writes and opens the signed documents."""

    def answer(self, provider: str, order: Countersigned, now: float) -> ReadValues | None:
        """The values as the reader finds them in the signed response; None for a response that states an error."""


class _Pending:
    """A request without an outcome yet."""

    __slots__ = ("attempts", "bytes_down", "bytes_up", "is_done", "request", "sent_at", "started_at", "stop_at")

    def __init__(self, request: ServiceRequest, started_at: float) -> None:
        self.request, self.started_at, self.stop_at = request, started_at, started_at
        self.sent_at: float | None = None
        self.attempts = self.bytes_down = self.bytes_up = 0
        self.is_done = False


class Smets1Desk:
    """Takes SMETS1 service requests on and ends each in exactly one FinishedRead.

    Does not model: DUIS requests and their signatures; time that the DSP itself takes; users that cancel.
    """

    def __init__(
        self,
        kernel: Kernel,
        rules: Rules,
        access: AccessControl,
        hand_over: Callable[[Countersigned], str],
        limit_of: Callable[[int], Gate | None],
        papers: Papers,
        finished: Finished,
        ids: Iterator[int],
    ) -> None:
        """``hand_over`` takes a countersigned request to the provider of its meter and names it.

        ``limit_of(premises)`` is the rate limit of schedules for its access point, if there is one (PIA R4).
        """
        self.rules, self.access = rules, access
        self.counts: Counter[str] = Counter()
        self._kernel, self._hand_over, self._limit_of = kernel, hand_over, limit_of
        self._papers, self._finished, self._ids = papers, finished, ids
        self._lane = Lane(rules, SMETS1)
        self._gate = Gate(rules.rates.csp[SMETS1].per_s.value, kernel.at, rules.rates.csp[SMETS1].burst.value)

    def submit(self, request: ServiceRequest, now: float) -> Acknowledgement | Refusal:
        """Take a request on; a refused one is finished at once. A scheduled read is released at its slot."""
        pending = _Pending(request, request.due_at if request.mode == "scheduled" else now)
        reason = self.access.smets1_refusal(request)
        if reason is not None:
            self._finish(pending, "refused", reason, "dsp", None)
            return Refusal(request.id, now, reason)
        lane = self._lane
        release_at = max(now, pending.started_at)
        if request.role == "MDR":
            release_at = lane.inside_mhhs_window(release_at)
        pending.stop_at = lane.stop_at(pending.started_at, release_at, request.for_settlement)
        if release_at > now:
            self._kernel.at(release_at, self._release, pending)
        else:
            self._release(pending)
        return Acknowledgement(request.id, now)

    def re_request(self, request: ServiceRequest, now: float, until: float) -> ServiceRequest | None:
        """The on-demand request that follows a failed one; see :meth:`emulator.dcc.head_end.HeadEnd.re_request`."""
        due_at = now + self._lane.follow_up_after_s
        if request.follow_up >= self._lane.follow_ups or due_at >= until:
            return None
        return replace(
            request,
            id=next(self._ids),
            mode="on_demand",
            due_at=due_at,
            trt_s=self.rules.trt_s(request.srv, "on_demand", request.for_settlement, "smets1"),
            phase="D+1" if due_at < request.day + 2 * DAY_S else "SF",
            follow_up=request.follow_up + 1,
        )

    # ------------------------------------------------------------------ attempts

    def _release(self, pending: _Pending) -> None:
        """Hand the request over as soon as the limits of the DSP and, for a schedule, of the access point allow."""
        request, now = pending.request, self._kernel.now
        priority = self._lane.priority(request.for_settlement)
        limit = self._limit_of(request.premises) if request.mode == "scheduled" else None
        if limit is None:
            self._gate.enter(now, priority, self._attempt, pending)
        else:
            limit.enter(now, priority, self._past_limit, pending, priority)

    def _past_limit(self, pending: _Pending, priority: int, now: float) -> None:
        self._gate.enter(now, priority, self._attempt, pending)

    def _attempt(self, pending: _Pending, now: float) -> None:
        if pending.is_done:
            return
        pending.attempts += 1
        if pending.sent_at is None:
            pending.sent_at = now
        number = pending.attempts
        ends_at = now + self._lane.answer_timeout_s
        self._kernel.at(ends_at, self._time_out, pending, number)

        def reply(order: Countersigned, at: float) -> None:
            self._replied(pending, number, provider, order, at)

        order = Countersigned(pending.request, reply)
        provider = self._hand_over(order)

    def _replied(self, pending: _Pending, number: int, provider: str, order: Countersigned, now: float) -> None:
        """A signed response has come: values, or an error that lets the DSP try again."""
        values = self._papers.answer(provider, order, now)
        if pending.is_done:
            self.counts["late or double"] += 1
            return
        pending.bytes_down += order.bytes_down
        pending.bytes_up += order.bytes_up
        if order.values is not None:
            self._finish(pending, "answered", "", "", now, values, order.values.read_at)
        elif number == pending.attempts:
            self._again(pending, order.leg, order.reason)

    def _time_out(self, pending: _Pending, number: int) -> None:
        if not pending.is_done and number == pending.attempts:
            self._again(pending, "s1sp", "the provider did not answer in time")

    def _again(self, pending: _Pending, leg: str, reason: str) -> None:
        """Another attempt, or none if the rules say stop."""
        lane = self._lane
        next_at = self._kernel.now + lane.spacing_s
        if pending.attempts < lane.attempts and next_at + lane.answer_timeout_s <= pending.stop_at:
            self._kernel.at(next_at, self._release, pending)
            return
        number = pending.attempts
        tried = f"after {number} attempt{'s' if number > 1 else ''}"
        self._finish(pending, "failed", f"{reason}, {tried}", leg, None)

    def _finish(
        self,
        pending: _Pending,
        outcome: Outcome,
        reason: str,
        leg: str,
        answered_at: float | None,
        values: ReadValues | None = None,
        read_at: float = 0.0,
    ) -> None:
        pending.is_done = True
        finished = FinishedRead(
            pending.request, outcome, reason, leg, pending.started_at, pending.sent_at, answered_at, pending.attempts,
            pending.bytes_down, pending.bytes_up, values,
        )  # fmt: skip
        self._finished(finished, read_at)
