"""The head-end core: takes service requests on, sends commands, repeats them, opens the answers, keeps the TRT clock.

Plain callbacks and no clock of its own: every entry is told the time. The TRT clock of an on-demand request starts when
the DSP accepts it, that of a scheduled read at the slot that the schedule gave it (assumption ``trt_clock_scheduled``);
both stop when the service response is handed to the user.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, Literal, Protocol

from emulator.dcc.access import AccessControl
from emulator.dcc.answers import Sent
from emulator.dcc.brokers import Broker
from emulator.dcc.lanes import Lane, Pending
from emulator.dcc.requests import Acknowledgement, FinishedRead, Outcome, Refusal, ServiceRequest
from emulator.dcc.rules import Rules
from emulator.scenario_names import CSPS
from gbcs.dlms import ResultCode
from gbcs.errors import AuthenticationError, KeyUnavailable, LocalError, RemoteError
from gbcs.frozen import maker
from gbcs.reads import ReadValues
from gbcs.times import DAY_S

Finished = Callable[[FinishedRead], object]
Resend = Literal["same_bytes", "new_counter"]

LATE, DUPLICATE, UNKNOWN, WRONG_MAC, MALFORMED = "late", "duplicate", "unknown", "wrong_mac", "malformed"
"""Frames that answered nothing, by reason: the keys of :attr:`HeadEnd.counts`."""

_NO_TIME = ", no time for another"

_make_acknowledgement = maker(Acknowledgement)
_make_finished = maker(FinishedRead)


class Schedule(Protocol):
    """A kernel of time: calls ``callback(*args)`` at the instant ``at``."""

    def __call__(self, at: float, callback: Callable[..., None], /, *args: Any) -> object:
        """Whatever the kernel returns is not used."""


class Transmit(Protocol):
    """Takes the bytes of an attempt, counted from 1, to the network."""

    def __call__(self, request: ServiceRequest, sent: Sent, attempt: int, now: float, /) -> object:
        """Whatever it returns is not used. It may call :meth:`HeadEnd.receive` at once."""


class HeadEnd:
    """The DSP and its users: from service requests to values.

    Each request ends in exactly one FinishedRead. What comes after that, or is no answer, is counted in ``counts``.

    Does not model: DUIS messages and their signatures; processing time and outages of the DSP itself; users that
    cancel; the limits of a user's own systems.
    """

    def __init__(
        self,
        acb: Broker,
        access: AccessControl,
        rules: Rules,
        *,
        schedule: Schedule,
        transmit: Transmit,
        finished: Finished,
        resend: Resend = "same_bytes",
        ids: Iterator[int] | None = None,
    ) -> None:
        """``ids`` numbers the follow-ups: share it with the plan. ``resend`` is how an attempt is repeated."""
        self.acb, self.access, self.rules = acb, access, rules
        self.counts: Counter[str] = Counter()
        self._schedule, self._transmit, self._finished = schedule, transmit, finished
        self._new_counter = resend == "new_counter"
        self._ids = ids if ids is not None else count()
        self._lanes = {csp: Lane(rules, csp) for csp in CSPS}
        self._open: dict[int, Pending] = {}
        self._answered: set[int] = set()
        self._lost: set[int] = set()

    @property
    def waiting(self) -> int:
        """Requests without an outcome yet."""
        return len(self._open)

    # ------------------------------------------------------------------ requests

    def submit(self, request: ServiceRequest, now: float) -> Acknowledgement | Refusal:
        """Take a request on; a refused one is finished at once. A scheduled read is released at its slot.

        On-demand requests of an MDR User wait for the MHHS window of their CSP (PIA, DSP solution 2). Raises LocalError
        for a request whose number is in use by one that has no outcome yet.
        """
        if request.id in self._open:
            raise LocalError(f"request {request.id} is open already")
        reason = self.access.refusal(request)
        lane = self._lanes[request.csp]
        scheduled = request.mode == "scheduled"
        pending = Pending(request, lane, request.due_at if scheduled else now)
        if reason is not None:
            self._finish(pending, "refused", reason, "dsp", None, 0, None)
            return Refusal(request.id, now, reason)
        self._open[request.id] = pending
        release_at = max(now, pending.started_at)
        if request.role == "MDR":
            release_at = lane.inside_mhhs_window(release_at)
        pending.stop_at = lane.stop_at(pending.started_at, release_at, request.for_settlement)
        if release_at > now:
            self._schedule(release_at, self._release, pending, release_at)
        else:
            self._release(pending, now)
        return _make_acknowledgement(request.id, now)

    def re_request(self, request: ServiceRequest, now: float, until: float) -> ServiceRequest | None:
        """The on-demand request that follows a failed one, due later and before ``until`` (the SF checkpoint), or None.

        There are as many as ``follow_ups`` of the CSP says (PIA Requirement 5, DA13). Submit it when it is due.
        """
        lane = self._lanes[request.csp]
        due_at = now + lane.follow_up_after_s
        if request.follow_up >= lane.follow_ups or due_at >= until:
            return None
        return replace(
            request,
            id=next(self._ids),
            mode="on_demand",
            due_at=due_at,
            trt_s=self.rules.trt_s(request.srv, "on_demand", request.for_settlement),
            phase="D+1" if due_at < request.day + 2 * DAY_S else "SF",
            follow_up=request.follow_up + 1,
        )

    # ------------------------------------------------------------------ attempts

    def _release(self, pending: Pending, at: float) -> None:
        """Send the next attempt, or let it wait for its turn under the rate limit."""
        if pending.is_done:
            return
        lane = pending.lane
        if lane.queue.admit(at):
            self._attempt(pending, at)
            return
        lane.queue.offer(pending, lane.priority(pending.request.for_settlement))
        if not lane.drains:
            self._drain_later(lane, at)

    def _drain_later(self, lane: Lane, at: float) -> None:
        deadline = lane.queue.next_deadline()
        lane.drains = deadline is not None
        if deadline is not None:
            deadline = max(deadline, at)
            self._schedule(deadline, self._drain, lane, deadline)

    def _drain(self, lane: Lane, at: float) -> None:
        """Send all that may go now."""
        while (pending := lane.queue.take(at)) is not None:
            if not pending.is_done:
                self._attempt(pending, at)
        self._drain_later(lane, at)

    def _attempt(self, pending: Pending, at: float) -> None:
        # The rate limit may have held a repeat back until it is too late for it.
        if pending.attempts and at + pending.lane.answer_timeout_s > pending.stop_at:
            self._give_up(pending, _NO_TIME)
            return
        request = pending.request
        sent = self._command(pending, at)
        if sent is None:
            return
        pending.attempts += 1
        if pending.sent_at is None:
            pending.sent_at = at
        pending.bytes_down += len(sent.command)
        ends_at = at + pending.lane.answer_timeout_s
        self._schedule(ends_at, self._time_out, pending, pending.attempts, ends_at)
        self._transmit(request, sent, pending.attempts, at)

    def _command(self, pending: Pending, at: float) -> Sent | None:
        """The command of an attempt; None, and the request is over, where there is no key for it."""
        if pending.sents and not self._new_counter:
            return pending.sents[-1]
        request = pending.request
        try:
            sent = self.acb.command(
                request.use_case, request.role, request.user.eui, request.device, at, request.first, request.last
            )
        except KeyUnavailable as error:
            self.fail(request.id, "head_end", str(error))
            return None
        pending.sents.append(sent)
        return sent

    def _time_out(self, pending: Pending, attempt: int, at: float) -> None:
        """No answer to the latest attempt: another one, or none if the rules of the CSP say stop."""
        if pending.is_done or attempt != pending.attempts:
            return
        quiet_until = pending.heard_at + pending.lane.answer_timeout_s
        if quiet_until > at:
            self._schedule(quiet_until, self._time_out, pending, attempt, quiet_until)
            return
        lane, next_at = pending.lane, at + pending.lane.spacing_s
        if attempt >= lane.attempts:
            self._give_up(pending, "")
        elif next_at + lane.answer_timeout_s > pending.stop_at:
            self._give_up(pending, _NO_TIME)
        else:
            self._schedule(next_at, self._release, pending, next_at)

    def _give_up(self, pending: Pending, why: str) -> None:
        number = pending.attempts
        reason = f"no answer after {number} attempt{'s' if number > 1 else ''}{why}"
        self._finish(pending, "failed", reason, "", None, pending.bytes_up, None)

    # ------------------------------------------------------------------ answers

    def block(self, request_id: int, now: float, *, down: int = 0, up: int = 0) -> None:
        """Blocks of a segmented message were sent or came in, of so many bytes. The attempt's time-out starts anew.

        The bytes of a segmented request or answer are those of its blocks: ``down`` counts what is sent beyond the
        message itself.
        """
        pending = self._open.get(request_id)
        if pending is not None:
            pending.heard_at = now
            pending.bytes_down += down
            pending.bytes_up += up

    def receive(self, frame: bytes, request_id: int, now: float) -> None:
        """Take what the network brought for a request. Never raises on bad bytes; a wrong MAC answers nothing."""
        pending = self._open.get(request_id)
        if pending is None:
            self.counts[self._why_closed(request_id)] += 1
            return
        try:
            values = self._values(pending, frame)
        except KeyUnavailable as error:
            self.fail(request_id, "head_end", str(error))
            return
        if values is None:
            return
        size = pending.bytes_up or len(frame)
        if values.code:
            reason = f"the meter answered {_code_name(values.code)}"
            self._finish(pending, "error", reason, "esme", now, size, values)
        else:
            self._finish(pending, "answered", "", "", now, size, values)

    def fail(self, request_id: int, leg: str, reason: str) -> None:
        """End a request that nobody can answer any more; nothing happens where it has ended already."""
        pending = self._open.get(request_id)
        if pending is not None:
            self._finish(pending, "failed", reason, leg, None, pending.bytes_up, None)

    def _values(self, pending: Pending, frame: bytes) -> ReadValues | None:
        """What an answer to any of the attempts holds; None, and counted, where it is none."""
        reason = MALFORMED
        for sent in reversed(pending.sents):
            try:
                return self.acb.open(frame, sent)
            except AuthenticationError:
                reason = WRONG_MAC
            except RemoteError:
                pass
        self.counts[reason] += 1
        return None

    def _why_closed(self, request_id: int) -> str:
        if request_id in self._answered:
            return DUPLICATE
        return LATE if request_id in self._lost else UNKNOWN

    def _finish(
        self,
        pending: Pending,
        outcome: Outcome,
        reason: str,
        leg: str,
        answered_at: float | None,
        bytes_up: int,
        values: ReadValues | None,
    ) -> None:
        request = pending.request
        pending.is_done = True
        self._open.pop(request.id, None)
        (self._lost if answered_at is None else self._answered).add(request.id)
        self._finished(
            _make_finished(
                request, outcome, reason, leg, pending.started_at, pending.sent_at, answered_at, pending.attempts,
                pending.bytes_down, bytes_up, values,
            )
        )  # fmt: skip


def _code_name(code: int) -> str:
    try:
        return f"result code {code} ({ResultCode(code).name.lower().replace('_', ' ')})"
    except ValueError:
        return f"result code {code}"
