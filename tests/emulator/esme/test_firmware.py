"""From a firmware profile to a meter: every choice of the profile reaches the part that it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from one_meter import FIRST, LAST, NOW, Asker, energy, meter, values

from emulator.device.policy import DevicePolicy
from emulator.esme.device_clock import DeviceClock
from emulator.esme.firmware import clock_settings, esme_policy, log_settings
from emulator.esme.live import LiveObjects
from emulator.esme.logs import DEPTHS, MeterLogs
from firmware_profiles import load, shipped
from gbcs.times import DAY_S


def test_the_reference_profile_is_the_emulators_default() -> None:
    reference = load("smets2-reference")
    assert log_settings(reference).depths == DEPTHS
    assert log_settings(reference).rows_lost_after_power_cut == 0
    assert esme_policy(reference, "4.3") == DevicePolicy()
    assert esme_policy(reference, "4.3+MP162").gbcs_version == "4.3+MP162"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_makes_a_meter_that_answers(name: str) -> None:
    profile = load(name)
    clock = DeviceClock(clock_settings(profile), 1, NOW - DAY_S)
    esme = meter(LiveObjects(energy(), log_settings(profile)), esme_policy(profile, "4.3"), clock)
    assert len(values(esme.receive(Asker().command("ECS22b"), NOW)).rows) == 48  # type: ignore[arg-type]


def test_the_slow_clock_misses_the_last_row_just_after_midnight() -> None:
    def rows(name: str) -> int:
        profile = load(name)
        clock = DeviceClock(clock_settings(profile), 1, LAST - 2 * DAY_S + 3600)
        esme = meter(LiveObjects(energy(), log_settings(profile)), None, clock)
        read = values(esme.receive(Asker().command("ECS22b"), LAST + 3))
        assert read.rows is not None
        return len(read.rows)

    assert (rows("smets2-reference"), rows("slow-clock")) == (48, 47)


def test_the_gap_after_a_power_cut_is_in_the_log_and_not_in_the_register() -> None:
    shown = {}
    for name in ("smets2-reference", "gap-after-power-cut"):
        of = energy()
        of.power_cut(FIRST + 7 * 1800 - 600, FIRST + 9 * 1800 - 600)
        logs = MeterLogs(of, log_settings(load(name)))
        shown[name] = set(logs.rows("profile_active_import", FIRST, LAST, NOW)[:, 0].tolist())
    assert shown["smets2-reference"] - shown["gap-after-power-cut"] == {FIRST + 9 * 1800}


def test_codes_policies_and_deviations_reach_the_meter(tmp_path: Path) -> None:
    text = """
    name = "own"
    extends = "smets2-reference"
    [reads]
    replay_policy = { value = "off", confidence = "A", source = "test" }
    empty_range = { value = 14, confidence = "A", source = "test" }
    unknown_object_code = { value = 11, confidence = "A", source = "test" }
    [logs]
    daily_consumption = { value = 7, confidence = "A", source = "test" }
    [capture]
    delay_s = { value = 30, confidence = "A", source = "test" }
    [[deviations]]
    name = "clear_profile_after_power_cut"
    description = "empties its log"
    confidence = "A"
    source = "test"
    parameters = { longer_than_s = 7200 }
    """
    (tmp_path / "own.toml").write_text(text)
    profile = load(tmp_path / "own.toml")
    policy, logs = esme_policy(profile, "4.3"), log_settings(profile)
    assert (policy.replay_reads, policy.empty_range_code, policy.unknown_object_code) == (False, 14, 11)
    assert (logs.depths["daily_consumption"], logs.capture_delay_s, logs.cleared_by_power_cut_s) == (7, 30.0, 7200.0)
