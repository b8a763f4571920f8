"""A head-end's end of a line dialect, without I/O or clock: what to say, what was heard, when to say it again.

A script is a generator: it yields what to say and is sent what the meter answers, so a session reads from top to
bottom. A conversation carries it through a line that loses, cuts and delays.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from gbcs.errors import LocalError, RemoteError

Heard = TypeVar("Heard")
Result = TypeVar("Result")
Found_co = TypeVar("Found_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes to send; none: go on listening.

    ``again`` is what to send where no answer comes (``None``: what was said last), ``baud`` the speed of the line once
    the bytes are out (``None``: as it is); what is not ``answered`` is sent and the script goes on at once.
    """

    data: bytes = b""
    again: bytes | None = None
    baud: int | None = None
    answered: bool = True


Script: TypeAlias = Generator[Say, Heard, Result]


class Reader(Protocol[Found_co]):
    """Finds in a stream what a meter says; None for what arrived garbled."""

    def feed(self, data: bytes) -> tuple[Found_co | None, ...]:
        """What ends in ``data``."""

    def reset(self) -> None:
        """Forget what has begun."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take to begin or to go on, and how often a thing is said in vain."""

    timeout_s: float = 5.0
    tries: int = 3

    def __post_init__(self) -> None:
        if not self.timeout_s > 0 or self.tries < 1:
            raise LocalError(f"{self.timeout_s} s and {self.tries} tries are no patience")


class Silent(RemoteError):
    """The meter does not answer, or only in noise."""


class Conversation(Generic[Heard, Result]):
    """One session of a head-end. ``on_garbled`` is sent for what arrived garbled (empty: wait as if nothing had).

    Does not model: several sessions on one line; a meter that speaks first.
    """

    __slots__ = (
        "_baud",
        "_deadline",
        "_failure",
        "_last",
        "_on_garbled",
        "_patience",
        "_reader",
        "_result",
        "_script",
        "_tries",
        "heard",
    )

    def __init__(
        self,
        script: Script[Heard, Result],
        reader: Reader[Heard],
        patience: Patience | None = None,
        on_garbled: bytes = b"",
    ) -> None:
        self._script, self._reader, self._on_garbled = script, reader, on_garbled
        self._patience = patience or Patience()
        self.heard = 0
        """Messages of the meter that were whole."""
        self._last = Say()
        self._tries = 0
        self._deadline: float | None = None
        self._baud: int | None = None
        self._result: tuple[Result] | None = None
        self._failure: RemoteError | None = None

    @property
    def done(self) -> bool:
        """Whether there is a result or a failure."""
        return self._result is not None or self._failure is not None

    def result(self) -> Result:
        """What the script came to. Raises the RemoteError that ended it, LocalError while it is under way."""
        if self._failure is not None:
            raise self._failure
        if self._result is None:
            raise LocalError("the conversation is still under way")
        return self._result[0]

    def start(self, now: float) -> bytes:
        """The first bytes to send."""
        return self._next(None, now)

    def receive_data(self, data: bytes, now: float) -> bytes:
        """Take what arrived; what to send next."""
        answers = []
        if data and self._deadline is not None:
            self._deadline = now + self._patience.timeout_s
        for heard in self._reader.feed(data):
            if heard is not None:
                self.heard += 1
                answers.append(self._next(heard, now))
            elif self._on_garbled:
                answers.append(self._repeat(self._on_garbled, now))
        return b"".join(answers)

    def next_deadline(self) -> float | None:
        """When patience ends."""
        return self._deadline

    def tick(self, now: float) -> bytes:
        """What to say again, once an answer has been waited for too long."""
        if self._deadline is None or now < self._deadline:
            return b""
        self._reader.reset()
        return self._repeat(self._last.data if self._last.again is None else self._last.again, now)

    def take_baud(self) -> int | None:
        """The speed to change to once the last bytes are out, handed over once; None where it stays."""
        baud, self._baud = self._baud, None
        return baud

    def _next(self, heard: Heard | None, now: float) -> bytes:
        """What the script says to what was heard; None begins it."""
        if self.done:
            return b""
        sent = b""
        try:
            say = next(self._script) if heard is None else self._script.send(heard)
            while not say.answered:
                sent += say.data
                self._baud = say.baud or self._baud
                say = next(self._script)
        except StopIteration as stop:
            self._end((stop.value,), None)
            return sent
        except RemoteError as error:
            self._end(None, error)
            return sent
        if say.data or say.again is not None:
            self._last, self._tries = say, 1
        self._baud = say.baud or self._baud
        self._deadline = now + self._patience.timeout_s
        return sent + say.data

    def _repeat(self, data: bytes, now: float) -> bytes:
        if self.done:
            return b""
        if self._tries >= self._patience.tries:
            self._end(None, Silent(f"no answer after {self._tries} tries"))
            return b""
        self._tries += 1
        self._deadline = now + self._patience.timeout_s
        return data

    def _end(self, result: tuple[Result] | None, failure: RemoteError | None) -> None:
        self._result, self._failure, self._deadline = result, failure, None
        self._script.close()
