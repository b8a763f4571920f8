"""Reads of one device over a message link: commands out, verified and decrypted values back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from emulator.clock import utc_now
from emulator.dcc.acb import AccessControlBroker
from emulator.dcc.answers import Sent
from emulator.dcc.counters import Counters
from gbcs import eui64
from gbcs.catalogue import by_use_case
from gbcs.errors import AuthenticationError, RemoteError
from gbcs.eui64 import Eui64
from gbcs.framing import Message
from gbcs.gbt import GbtSettings
from gbcs.keystore import KeyStore
from gbcs.reads import ReadValues
from gbcs.security import DCC_ACB, Check, Opened, Verification, open_message, seal, sign, verify
from rigs.conversation import CaptureSink, Conversation, Expectation
from rigs.errors import RigTimeout
from rigs.link import MessageLink
from rigs.policy import ReadingParameters, load_reading_parameters

Opening = TypeVar("Opening")


@dataclass(frozen=True, slots=True)
class Reading:
    """One read that was answered. ``sent`` is the attempt that the answer belongs to; a refusal is in ``values.code``.

    ``bytes_down`` are those of all attempts.
    """

    use_case: str
    device: Eui64
    sent: Sent
    answer: bytes
    values: ReadValues
    attempts: int
    latency_s: float
    bytes_down: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to any other command, opened; its MAC or signature was verified as far as a key is at hand."""

    answer: bytes
    opened: Opened
    verdict: Verification
    attempts: int
    latency_s: float


class RigReader:
    """Asks one device on a rig. Use it as an asynchronous context manager; the link stays open.

    Does not model: DUIS, service users' own systems, the SM WAN: it stands where the hub would hand a command over.
    """

    def __init__(
        self,
        link: MessageLink,
        keys: KeyStore,
        counters: Counters,
        *,
        rig: str,
        is_emulated: bool,
        now: Callable[[], float] = utc_now,
        parameters: ReadingParameters | None = None,
        sink: CaptureSink | None = None,
        acb: Eui64 = DCC_ACB,
        gbcs_version: str = "4.3",
        segmentation: GbtSettings | None = None,
    ) -> None:
        """``is_emulated``: the rig file says that its device is emulated, so that test keys may be used.

        Raises LocalError where the keys come from a seed and the device is real.
        """
        if not is_emulated:
            keys.refuse_test_keys(f"rig {rig}, whose device is real")
        self.rig, self.device = rig, link.peer
        self.keys, self._counters, self._now = keys, counters, now
        self.talk = Conversation(link, now, sink, segmentation)
        self.parameters = parameters or load_reading_parameters(label=f"rig {rig}")
        self._broker = AccessControlBroker(acb, keys, counters, gbcs_version)

    async def __aenter__(self) -> Self:
        await self.talk.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.talk.__aexit__(kind, error, trace)

    def next_counter(self, originator: Eui64) -> int:
        """A fresh originator counter, for a command of the caller's own making."""
        return self._counters.next(originator, self._now())

    def sent(self, use_case: str, role: str, user: Eui64, first: int | None = None, last: int | None = None) -> Sent:
        """The command of a read under fresh counters, not sent. Raises LocalError, KeyUnavailable."""
        return self._broker.command(by_use_case(use_case), role, user, self.device, self._now(), first, last)

    async def read(
        self,
        use_case: str,
        role: str,
        user: Eui64,
        first: int | None = None,
        last: int | None = None,
        *,
        deadline_s: float | None = None,
    ) -> Reading:
        """What the device answers to a read; ``first`` and ``last`` bound the rows of a log, in seconds since 2000.

        Raises RigTimeout, PortLost; AuthenticationError where all that came had a wrong MAC; LocalError.
        """
        make = partial(self.sent, use_case, role, user, first, last)
        async with self.talk.expecting() as waiting:
            found = await self._ask(waiting, make, self._broker.open, deadline_s)
            sent, answer, values, attempts, latency_s = found
            return Reading(use_case, self.device, sent, answer, values, attempts, latency_s, waiting.bytes_down)

    async def command(self, message: Message, *, deadline_s: float | None = None) -> Answered:
        """What the device answers to any command: signed where it has no signature yet, MAC'd, and repeated as it is.

        Take its counter from :meth:`next_counter`. Raises as :meth:`read` does.
        """
        ready = sign(message, self.keys) if message.signature is None else message
        frame = seal(ready, self.keys, self._broker.eui)
        sent = Sent(frame, self.device, ready.originator, ready.originator_counter, ready.message_code, None)
        async with self.talk.expecting() as waiting:
            found = await self._ask(waiting, lambda: sent, self._open, deadline_s)
            _, answer, (opened, verdict), attempts, latency_s = found
            return Answered(answer, opened, verdict, attempts, latency_s)

    # ------------------------------------------------------------------ attempts

    async def _ask(
        self,
        waiting: Expectation,
        make: Callable[[], Sent],
        opening: Callable[[bytes, Sent], Opening],
        deadline_s: float | None,
    ) -> tuple[Sent, bytes, Opening, int, float]:
        """Send, wait, send again: the command that was answered, the answer, what it holds, attempts and time taken."""
        loop, parameters = asyncio.get_running_loop(), self.parameters
        started = loop.time()
        until = float("inf") if deadline_s is None else started + deadline_s
        sents: list[Sent] = []
        wrong: list[RemoteError] = []
        for number in range(1, parameters.attempts.value + 1):
            if not sents or parameters.resend.value == "new_counter":
                sents.append(make())
            await waiting.send(sents[-1].command)
            is_last = number == parameters.attempts.value
            wait_s = parameters.answer_timeout_s.value + (0.0 if is_last else parameters.spacing_s.value)
            found = await _opened(waiting, sents, opening, wrong, wait_s, until)
            if found is not None:
                return *found, number, loop.time() - started
            if loop.time() >= until:
                break
        raise self._no_answer(number, loop.time() - started, wrong)

    def _no_answer(self, attempts: int, after_s: float, wrong: list[RemoteError]) -> RemoteError:
        """What to say, and what to look at first."""
        device, times = eui64.show(self.device), f"{attempts} attempt{'s' if attempts > 1 else ''}"
        if wrong:
            text = f"rig {self.rig}: of {len(wrong)} from {device} no answer holds: {wrong[-1].message}"
            return AuthenticationError(text, hint="are the keys of this rig those that the device was given?")
        text = f"rig {self.rig}: no answer from {device} in {after_s:.1f} s, {times}"
        return RigTimeout(text, hint=_look_at(self.talk))

    def _open(self, frame: bytes, _sent: Sent) -> tuple[Opened, Verification]:
        verdict = verify(frame, self.keys, self._broker.eui)
        if Check.FAILED in (verdict.mac, verdict.signature):
            raise AuthenticationError(verdict.reason)
        return open_message(frame, self.keys), verdict


async def _opened(
    waiting: Expectation,
    sents: list[Sent],
    opening: Callable[[bytes, Sent], Opening],
    wrong: list[RemoteError],
    wait_s: float,
    until: float,
) -> tuple[Sent, bytes, Opening] | None:
    """The first answer that holds, to whichever attempt; None after the wait. What does not hold goes to ``wrong``."""
    while True:
        try:
            frame = await waiting.answer(wait_s, until)
        except TimeoutError:
            return None
        problem: RemoteError | None = None
        for sent in reversed(sents):
            try:
                return sent, frame, opening(frame, sent)
            except RemoteError as error:
                if problem is None or isinstance(error, AuthenticationError):
                    problem = error
        if problem is not None:
            wrong.append(problem)


def _look_at(talk: Conversation) -> str:
    """What an engineer should check, from what was heard meanwhile."""
    if talk.counts["alert"]:
        return (
            "it sends alerts: does it hold this user's credentials, and are the rig's counters above those it has seen?"
        )
    if talk.counts:
        heard = ", ".join(f"{count} {kind}" for kind, count in sorted(talk.counts.items()))
        return (
            f"the link works ({heard}): is this the device of the rig file, and does it hold this user's credentials?"
        )
    return "nothing at all came: is the device powered and joined, and does the other end of the link run?"
