from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hosted import answered_by, reader
from one_meter import ACB, KEYS, METER, PARTIES

from emulator.clock import utc_now
from emulator.esme.device_clock import DeviceClock
from emulator.esme.energy import MeterEnergy, energy_model
from emulator.esme.esme import Esme
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects
from firmware_profiles import FirmwareProfile, load
from gbcs import framing
from gbcs.catalogue import by_use_case
from gbcs.errors import AuthenticationError
from gbcs.security import seal
from gbcs.times import DAY_S, HALF_HOUR_S, cosem
from rigs.comparing import Comparison, compare, write_stub
from rigs.comparing.depth import rows_held
from rigs.errors import RigTimeout
from rigs.link import MemoryLink
from rigs.policy import load_reading_parameters
from rigs.users import users_of

REFERENCE = load("smets2-reference")
QUICK = load_reading_parameters({"reading": {"answer_timeout_s": {"value": 0.1}, "attempts": {"value": 1}}})


def device(firmware: FirmwareProfile, *, twin: bool = False, behind_s: float = 0.0, cut: bool = False) -> Esme:
    """A meter as it would stand on a bench: other energy than any twin, a power cut yesterday morning if asked."""
    now = utc_now()
    energy = MeterEnergy(energy_model("ev", True, twin), 77, commissioned_at=int(now) - 900 * DAY_S)
    if cut:
        yesterday = int(now // DAY_S - 1) * DAY_S
        energy.power_cut(yesterday + 5 * HALF_HOUR_S + 60, yesterday + 5 * HALF_HOUR_S + 600)
    settings = clock_settings(firmware)
    clock = DeviceClock(settings, 77, set_at=now - settings.resync_interval_s + 60, offset_s=-behind_s)
    objects, policy = LiveObjects(energy, log_settings(firmware)), esme_policy(firmware, "4.3")
    return Esme(METER, KEYS, ACB, PARTIES, objects, clock, policy, firmware.reads.replay_window.value)


def answering(meter: Esme, message: bytes) -> Sequence[bytes]:
    return meter.receive(message, utc_now())


def compared(
    meter: Esme, firmware: FirmwareProfile = REFERENCE, answers: Callable[[Esme, bytes], Sequence[bytes]] = answering
) -> Comparison:
    async def answer(message: bytes, link: MemoryLink) -> None:
        for frame in answers(meter, message):
            await link.send(frame)

    async def run() -> Comparison:
        async with answered_by(answer) as link, reader(link, parameters=QUICK) as asking:
            return await compare(asking, firmware, users_of(KEYS), utc_now)

    return asyncio.run(asyncio.wait_for(run(), 60))


def fields(found: Comparison) -> set[tuple[str, str, str]]:
    return {(one.field, one.device, one.twin) for _, one in found.differences()}


def stub_of(found: Comparison, tmp_path: Path) -> FirmwareProfile:
    file = write_stub(found, tmp_path / "as-found.toml")
    assert file is not None
    return load(file)


def changed(section: str, key: str, value: object) -> FirmwareProfile:
    """The reference with one choice replaced."""
    part = getattr(REFERENCE, section)
    choice = getattr(part, key).model_copy(update={"value": value})
    return REFERENCE.model_copy(update={section: part.model_copy(update={key: choice})})


def differing(profile: FirmwareProfile) -> dict[str, object]:
    """What a profile says otherwise than the reference."""
    found: dict[str, object] = {
        f"{section}.{key}": getattr(getattr(profile, section), key).value
        for section in ("logs", "clock", "capture", "reads")
        for key in type(getattr(profile, section)).model_fields
        if getattr(getattr(profile, section), key) != getattr(getattr(REFERENCE, section), key)
    }
    return found | {one.name: one.parameters.model_dump() for one in profile.deviations}


@pytest.mark.parametrize("name", ["smets2-reference", "slow-clock", "gap-after-power-cut"])
def test_a_device_that_does_as_its_profile_says_does_not_differ(name: str, tmp_path: Path) -> None:
    firmware = load(name)
    found = compared(device(firmware), firmware)
    assert found.differences() == [] and len(found.probed) == 13 and found.skipped == []
    assert write_stub(found, tmp_path / "as-found.toml") is None and not list(tmp_path.iterdir())


def test_a_meter_with_two_elements_gets_a_twin_with_two() -> None:
    assert compared(device(REFERENCE, twin=True)).differences() == []


def test_a_row_that_the_power_cut_took_is_named_and_drafted(tmp_path: Path) -> None:
    found = compared(device(load("gap-after-power-cut"), cut=True))
    first = dict(found.differences())
    assert set(first) == {
        "half-hours of import", "half-hours of import, through the broker", "half-hours of export"
    }  # fmt: skip
    assert all(one.field.endswith("T03:00:00Z") and one.device == "missing" for one in first.values())
    assert differing(stub_of(found, tmp_path)) == {"drop_rows_after_power_cut": {"rows": 1}}


def test_a_slow_clock_is_told_from_the_time_that_answers_state(tmp_path: Path) -> None:
    found = compared(device(load("slow-clock")))
    (only,) = found.differences()
    assert only[0] == "clock" and found.clock is not None and -8.0 < found.clock.high_s < -4.0
    drafted = differing(stub_of(found, tmp_path))
    assert list(drafted) == ["clock.drift_ppm"] and -100 < float(str(drafted["clock.drift_ppm"])) < -40


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("reads", "empty_range", 13), ("logs", "profile_export", 2232), ("logs", "daily_consumption", 900)],
)
def test_one_patched_choice_is_found_alone(section: str, key: str, value: int, tmp_path: Path) -> None:
    found = compared(device(changed(section, key, value)))
    assert differing(stub_of(found, tmp_path)) == {f"{section}.{key}": value}
    assert len(found.differences()) == 1


def test_the_stub_of_a_stub_does_not_differ(tmp_path: Path) -> None:
    meter = device(changed("reads", "empty_range", 13))
    assert compared(meter, stub_of(compared(meter), tmp_path)).differences() == []


def test_a_header_that_differs_is_the_first_field(tmp_path: Path) -> None:
    def unsure_of_its_time(meter: Esme, message: bytes) -> list[bytes]:
        (frame,) = answering(meter, message)
        said = framing.decode(frame)
        if not said.date_time:
            return [frame]
        return [seal(replace(said, date_time=cosem(int(utc_now()), 0x02)), KEYS)]

    found = compared(device(REFERENCE), answers=unsure_of_its_time)
    assert fields(found) == {("header: time status", "02", "FF")}
    text = (write_stub(found, tmp_path / "as-found.toml") or tmp_path).read_text(encoding="utf-8")
    assert "None of it can be said in a firmware profile yet" in text and tomllib.loads(text)["name"] == "as-found"


def test_a_device_that_repeats_its_own_counter_is_found() -> None:
    def forgetful(meter: Esme, message: bytes) -> Sequence[bytes]:
        meter.supplementary_counter = 5
        return answering(meter, message)

    assert ("header: own counter", "6 after 6", "rises") in fields(compared(device(REFERENCE), answers=forgetful))


def test_wrong_macs_end_it_with_their_reason() -> None:
    def forged(meter: Esme, message: bytes) -> list[bytes]:
        (frame,) = answering(meter, message)
        return [frame[:-1] + bytes((frame[-1] ^ 1,))]

    with pytest.raises(AuthenticationError, match="the MAC is wrong"):
        compared(device(REFERENCE), answers=forged)


def test_a_silent_device_ends_it_with_the_first_question() -> None:
    with pytest.raises(RigTimeout, match="no answer from"):
        compared(device(REFERENCE), answers=lambda *_: [])


def test_a_read_that_the_device_alone_ignores_is_a_difference() -> None:
    def without_export(meter: Esme, message: bytes) -> Sequence[bytes]:
        return [] if framing.decode(message).message_code == by_use_case("ECS17a").code else answering(meter, message)

    assert fields(compared(device(REFERENCE), answers=without_export)) == {("answer", "none", "MAC'd")}


@pytest.mark.parametrize("rows", [0, 1, 2, 47, 48, 49, 1000, 4464])
def test_the_depth_of_a_log_by_halving(rows: int) -> None:
    asked: list[int] = []

    async def has(back: int) -> bool:
        asked.append(back)
        return back < rows

    assert asyncio.run(rows_held(has, 48)) == rows and len(asked) < 25
