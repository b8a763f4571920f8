"""Ask a device everything in the table, then its twin the same bytes, and say where the answers differ first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from emulator.dcc.answers import Sent
from emulator.oracle import step_of
from firmware_profiles import FirmwareProfile
from gbcs.errors import KeyUnavailable
from gbcs.eui64 import Eui64
from gbcs.times import iso
from rigs.comparing.depth import rows_held
from rigs.comparing.facts import NO_ANSWER, Facts, facts_of
from rigs.comparing.probes import Probe, newest_row, probes
from rigs.comparing.twin import clock_error_s, make_twin
from rigs.errors import RigTimeout
from rigs.reading import RigReader
from rigs.users import broker_of

Progress = Callable[[int, int, str], None]
"""``progress(probes done, probes in all, name of the next)``."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, and what each side has there."""

    field: str
    device: str
    twin: str


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Between what bounds the device's clock is off, in seconds; below 0 it is behind. ``allowed_s`` is the twin's."""

    low_s: float
    high_s: float
    allowed_s: float

    @property
    def is_off(self) -> bool:
        """Whether the device is further off than its firmware profile lets it be, whatever the delay of the line."""
        return self.high_s < -self.allowed_s or self.low_s > self.allowed_s

    @property
    def least_s(self) -> float:
        """The smallest error that explains what was seen."""
        return self.high_s if self.high_s < 0 else max(self.low_s, 0.0)


@dataclass(frozen=True, slots=True)
class Probed:
    """One question and both answers; ``rows_held`` where the depth of a log had to be looked for."""

    probe: Probe
    device: Facts
    twin: Facts
    rows_held: int | None = None

    @property
    def first_difference(self) -> Difference | None:
        """The first field that differs; None where none does."""
        return next(_differences(self.device, self.twin), None)


@dataclass(slots=True)
class Comparison:
    """What came of comparing one device with its twin."""

    rig: str
    device: Eui64
    firmware: FirmwareProfile
    at_utc: float
    probed: list[Probed] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """Questions that could not be asked, and why."""
    clock: ClockOffset | None = None

    def differences(self) -> list[tuple[str, Difference]]:
        """The first difference of each question, then what shows only over several of them."""
        found = [(one.probe.name, one.first_difference) for one in self.probed]
        named = [(name, difference) for name, difference in found if difference is not None]
        if self.clock is not None and self.clock.is_off:
            told = f"{self.clock.low_s:+.1f} to {self.clock.high_s:+.1f} s"
            named.append(("clock", Difference("clock: offset", told, f"within {self.clock.allowed_s:.1f} s")))
        for earlier, later in pairwise(one.device.own_counter for one in self.probed if one.device.own_counter):
            if later <= earlier:
                named.append(("own counter", Difference("header: own counter", f"{later} after {earlier}", "rises")))
        return named


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as the device was asked it: the command that it answered, or would have."""

    probe: Probe
    sent: Sent
    device: Facts
    asked_at: float
    answered_at: float


async def compare(
    reader: RigReader,
    firmware: FirmwareProfile,
    users: Mapping[str, Eui64],
    now: Callable[[], float],
    progress: Progress = lambda *_: None,
) -> Comparison:
    """Both sides' answers. The twin is asked the bytes that the device was asked, at the time of its answer.

    Raises RigTimeout where the device does not answer at all, PortLost, AuthenticationError.
    """
    started = now()
    found = Comparison(reader.rig, reader.device, firmware, started)
    asked: list[_Asked] = []
    for number, probe in enumerate(probes()):
        progress(number, len(probes()), probe.name)
        if probe.role not in users:
            found.skipped.append((probe.name, f"the key folder holds nobody who asks as {probe.role}"))
            continue
        try:
            asked.append(await _ask(reader, probe, users[probe.role], firmware, now, must_answer=not asked))
        except KeyUnavailable as error:
            found.skipped.append((probe.name, str(error)))
    twin = make_twin(reader.device, reader.keys, firmware, started, two_elements=_has_two_elements(asked))
    for one in asked:
        answers = twin.receive(one.sent.command, one.answered_at)
        facts = facts_of(answers[0], reader.keys, broker_of(reader.keys)) if answers else NO_ANSWER
        held = await _held(reader, one, facts, users, firmware, now)
        found.probed.append(Probed(one.probe, one.device, facts, held))
    found.clock = _clock(asked, clock_error_s(firmware))
    return found


async def _ask(
    reader: RigReader, probe: Probe, user: Eui64, firmware: FirmwareProfile, now: Callable[[], float], must_answer: bool
) -> _Asked:
    asked_at = now()
    bounds = probe.bounds(asked_at, firmware) or (None, None)
    try:
        reading = await reader.read(probe.use_case, probe.role, user, *bounds)
    except RigTimeout:
        if must_answer:
            raise
        return _Asked(probe, reader.sent(probe.use_case, probe.role, user, *bounds), NO_ANSWER, asked_at, now())
    facts = facts_of(reading.answer, reader.keys, broker_of(reader.keys))
    return _Asked(probe, reading.sent, facts, asked_at, now())


async def _held(
    reader: RigReader,
    asked: _Asked,
    twin: Facts,
    users: Mapping[str, Eui64],
    firmware: FirmwareProfile,
    now: Callable[[], float],
) -> int | None:
    """Rows that the device's log holds, looked for where it does not end where the twin's does."""
    probe = asked.probe
    if probe.window != "oldest" or asked.device.stamps == twin.stamps or asked.device is NO_ANSWER:
        return None
    step = step_of(probe.use_case)
    newest = newest_row(now(), firmware, step)

    async def has(rows_back: int) -> bool:
        stamp = newest - rows_back * step
        reading = await reader.read(probe.use_case, probe.role, users[probe.role], stamp, stamp)
        return reading.values.rows is not None and len(reading.values.rows) == 1

    return await rows_held(has, firmware.logs.rows()[probe.log])


def _has_two_elements(asked: list[_Asked]) -> bool:
    """Whether the profile of import has a second column of energy."""
    return any(one.probe.use_case == "ECS22b" and one.device.columns == 3 for one in asked)


def _clock(asked: list[_Asked], allowed_s: float) -> ClockOffset | None:
    """From the times that answers state, to the second, and when they were on their way."""
    timed = [(one.device.device_time, one) for one in asked if one.device.device_time is not None]
    if not timed:
        return None
    low = max(shown - one.answered_at for shown, one in timed)
    high = min(shown + 1 - one.asked_at for shown, one in timed)
    return ClockOffset(low, max(low, high), allowed_s)


def _differences(device: Facts, twin: Facts) -> Iterator[Difference]:
    """Field by field in the order of the device's answer, then what only the twin has, then the rows."""
    ours, theirs = dict(device.fields), dict(twin.fields)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            yield Difference(name, ours.get(name, "absent"), theirs.get(name, "absent"))
    missing, surplus = set(twin.stamps) - set(device.stamps), set(device.stamps) - set(twin.stamps)
    for stamp in sorted(missing | surplus):
        yield Difference(f"row {iso(stamp)}", *(("missing", "there") if stamp in missing else ("there", "missing")))
    if not missing and not surplus and device.stamps != twin.stamps:
        yield Difference("rows", "in another order, or some twice", "in order of time")
