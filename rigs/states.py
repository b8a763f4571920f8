"""Bring-up of a rig as one table of states, and the first cause of a rig that is broken.

::

    off -> powered -> joined -> commissioned -> reading, and from each of them: -> broken (first cause)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from emulator.clock import utc_now
from gbcs.errors import GbcsError, LocalError
from gbcs.times import to_datetime
from rigs.config import RigConfig, Timing
from rigs.errors import LeaseLost, RigError, RigTimeout
from rigs.files import make_shared, user, write_whole
from rigs.leases.lease import Refused


class State(StrEnum):
    """How far a rig is."""

    OFF = "off"
    POWERED = "powered"
    JOINED = "joined"
    COMMISSIONED = "commissioned"
    READING = "reading"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Step:
    """A way from one state to the next: what is done, and which key of ``[timing]`` limits it."""

    begins: State
    ends: State
    what: str
    deadline: str


STEPS: Final = (
    Step(State.OFF, State.POWERED, "switching the device on", "power_s"),
    Step(State.POWERED, State.JOINED, "waiting for the device to join or answer", "join_s"),
    Step(State.JOINED, State.COMMISSIONED, "keys, tunnel or sign-on", "commission_s"),
    Step(State.COMMISSIONED, State.READING, "the first read", "read_s"),
)
"""All of them, in order. Every step may end in ``broken`` instead."""

Hook = Callable[[], Awaitable[object]]


class RigBroken(RigError):
    """A rig is broken; ``cause`` is the first one, met now or by an earlier user."""

    def __init__(self, rig: str, cause: FirstCause) -> None:
        super().__init__(f"{rig} is broken since {cause}: mend it, then: meterfarm rig check {rig}")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class FirstCause:
    """What broke a rig: when (seconds since 2000 UTC), after which state, doing what, for whom."""

    at: float
    state: State
    doing: str
    error: str
    message: str
    owner: str

    def __str__(self) -> str:
        return f"{to_datetime(self.at).astimezone():%Y-%m-%d %H:%M:%S %Z} ({self.owner}, {self.doing}): {self.message}"


async def bring_up(
    rig: str,
    hooks: Mapping[State, Hook],
    timing: Timing,
    memory: BrokenMemory,
    reached: Callable[[State], object] = lambda _: None,
) -> None:
    """Go through all states; ``hooks`` names what leads to each, and a state without a hook is reached at once.

    Raises RigBroken where the rig is broken already or breaks now, which is remembered with its first cause. What is
    not the rig's fault is raised as it is, and breaks nothing: LocalError, Refused, LeaseLost, cancellation.
    """
    memory.check(rig)
    for step in STEPS:
        try:
            await _within(hooks.get(step.ends), step, getattr(timing, step.deadline))
        except (LocalError, Refused, LeaseLost):
            raise
        except (GbcsError, OSError) as error:
            cause = memory.remember(step.begins, step.what, error)
            raise RigBroken(rig, cause) from error
        reached(step.ends)


async def _within(hook: Hook | None, step: Step, within_s: float) -> None:
    if hook is None:
        return
    try:
        async with asyncio.timeout(within_s):
            await hook()
    except TimeoutError:
        raise RigTimeout(f"{step.what} took longer than {within_s:g} s ([timing] {step.deadline})") from None


class BrokenMemory:
    """The first cause of a broken rig, in a file beside its lease; no file, not broken."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self, rig: str) -> None:
        """Raises RigBroken where the rig is broken."""
        cause = self.recall()
        if cause is not None:
            raise RigBroken(rig, cause)

    def recall(self) -> FirstCause | None:
        """The first cause, or None. A file that cannot be read is a cause of its own."""
        try:
            content = json.loads(self.path.read_bytes())
            return FirstCause(**{**content, "state": State(content["state"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            return FirstCause(0.0, State.OFF, f"reading {self.path}", type(error).__name__, str(error), user())

    def remember(self, state: State, doing: str, error: BaseException) -> FirstCause:
        """Write a cause down, unless an earlier one stands there; the one that counts."""
        earlier = self.recall()
        if earlier is not None:
            return earlier
        cause = FirstCause(utc_now(), state, doing, type(error).__name__, " ".join(str(error).split()), user())
        make_shared(self.path.parent)
        write_whole(self.path, json.dumps(asdict(cause), indent=2).encode() + b"\n")
        return cause

    def forget(self) -> bool:
        """The rig is mended; whether it was broken."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True


def broken_memory(rig: RigConfig) -> BrokenMemory:
    """Where the first cause of a rig is kept."""
    return BrokenMemory(rig.state_folder / f"{rig.name}.broken.json")
