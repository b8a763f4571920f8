"""Firmware profiles: shipped ones, stacks, inheritance, and one line for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.scenario_names import firmware_profiles
from firmware_profiles import FirmwareProfile, assumptions, load, shipped, stack
from gbcs.errors import LocalError

OWN = """
name = "own"
extends = "smets2-reference"
"""
DEVIATION = """
[[deviations]]
name = "drop_rows_after_power_cut"
description = "loses rows"
confidence = "A"
source = "test"
parameters = {{ rows = {rows} }}
"""


def own(folder: Path, text: str, name: str = "own") -> Path:
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def mistake(folder: Path, text: str) -> str:
    """The one line that a profile with a mistake gives, without the file's name in front."""
    file = own(folder, text)
    with pytest.raises(LocalError) as caught:
        load(file)
    line = str(caught.value)
    assert "\n" not in line and line.startswith(f"firmware profile {file}: ")
    return line.removeprefix(f"firmware profile {file}: ")


# ---------------------------------------------------------------------- shipped


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_states_confidence_and_source_of_every_choice(name: str) -> None:
    profile = load(name)
    assert profile.name == name
    for _, value, confidence, source in assumptions(profile):
        assert value and source and confidence in "HMLA"


def test_the_shipped_profiles_are_those_that_a_scenario_may_name() -> None:
    assert set(firmware_profiles()) == set(shipped())


def test_the_deviating_profiles_differ_from_the_reference_where_they_say() -> None:
    reference = load("smets2-reference")
    differing = {name: [one for one, *_ in assumptions(load(name), beyond=reference)] for name in shipped()}
    assert differing["smets2-reference"] == []
    assert differing["slow-clock"] == [
        f"slow-clock: clock.{key}" for key in ("drift_ppm", "drift_spread_ppm", "resync_interval_s")
    ]
    assert differing["gap-after-power-cut"] == ["gap-after-power-cut: drop_rows_after_power_cut"]


def test_the_depths_of_the_reference_are_by_log() -> None:
    assert load("smets2-reference").logs.rows()["profile_active_import"] == 19_056


# ---------------------------------------------------------------------- laid over each other


def test_a_stack_adds_up_and_its_base_counts_once() -> None:
    both = load("slow-clock+gap-after-power-cut")
    assert both == stack(["slow-clock", "gap-after-power-cut"])
    assert both.name == "slow-clock+gap-after-power-cut"
    assert both.clock == load("slow-clock").clock and len(both.deviations) == 1
    assert "slow" in both.description and "drops" in both.description


def test_the_later_one_wins(tmp_path: Path) -> None:
    own(tmp_path, OWN + '[clock]\ndrift_ppm = { value = 7, confidence = "A", source = "test" }')
    assert load("slow-clock+own", [tmp_path]).clock.drift_ppm.value == 7
    assert load("own+slow-clock", [tmp_path]).clock.drift_ppm.value == -40
    assert load("own+slow-clock", [tmp_path]).clock.resync_interval_s.value == 172_800


def test_a_deviation_of_the_same_name_replaces_the_earlier_one(tmp_path: Path) -> None:
    text = OWN.replace("smets2-reference", "gap-after-power-cut") + DEVIATION.format(rows=3)
    (deviation,) = load(own(tmp_path, text)).deviations
    assert deviation.parameters.model_dump() == {"rows": 3}


def test_a_profile_is_found_beside_the_one_that_extends_it(tmp_path: Path) -> None:
    own(tmp_path, OWN.replace('"own"', '"base"') + DEVIATION.format(rows=2), "base")
    profile = load(own(tmp_path, OWN.replace("smets2-reference", "base")))
    assert (profile.name, len(profile.deviations)) == ("own", 1)
    assert profile.description == load("smets2-reference").description


def test_a_file_and_a_name_in_a_folder_are_the_same_profile(tmp_path: Path) -> None:
    file = own(tmp_path, OWN)
    assert load(file) == load(str(file)) == load("own", [tmp_path]) == load("own", ["/nowhere", str(tmp_path)])


def test_profiles_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load("slow-clock").name = "other"  # type: ignore[misc]
    assert isinstance(load("slow-clock"), FirmwareProfile)


# ---------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("colour = 1", "key colour: is not known (allowed: name, description, model, "),
        ("[clock]\ndrift = 1", "key clock.drift: is not known (allowed: drift_ppm, "),
        ("[clock]\ndrift_ppm = 1", "key clock.drift_ppm: a table is needed, not 1"),
        ("[clock]\ndrift_ppm = { value = 1 }", "key clock.drift_ppm.confidence: is missing (and 1 more)"),
        (
            '[clock]\ndrift_ppm = { value = "fast", confidence = "A", source = "x" }',
            "key clock.drift_ppm.value: a number",
        ),
        (
            '[clock]\ndrift_ppm = { value = 1001, confidence = "A", source = "x" }',
            "key clock.drift_ppm.value: should be",
        ),
        ('[clock]\ndrift_ppm = { value = nan, confidence = "A", source = "x" }', "key clock.drift_ppm.value: "),
        ('[clock]\ndrift_ppm = { value = 1, confidence = "Z", source = "x" }', "key clock.drift_ppm.confidence: "),
        ('[clock]\ndrift_ppm = { value = 1, confidence = "A", source = "" }', "key clock.drift_ppm.source: "),
        (
            '[reads]\nempty_range = { value = "none", confidence = "A", source = "x" }',
            "key reads.empty_range.value: write",
        ),
        ('[reads]\nempty_range = { value = 0, confidence = "A", source = "x" }', "key reads.empty_range.value: write"),
        ("clock = 7", "key clock: a table is needed, not 7"),
        ("deviations = 7", "key deviations: a list is needed, not 7"),
        ('[[deviations]]\nname = "explode"', "key deviations[1]: 'explode' is no deviation (allowed: drop_rows"),
        (DEVIATION.format(rows=0), "key deviations[1].parameters.rows: should be"),
        (
            DEVIATION.format(rows=1).replace("rows =", "row ="),
            "key deviations[1].parameters.row: is not known (allowed: rows)",
        ),
        ("name = ", "is not TOML: "),
    ],
)
def test_a_mistake_is_one_line_that_names_file_and_key(text: str, line: str, tmp_path: Path) -> None:
    assert mistake(tmp_path, OWN + text).startswith(line)


def test_a_name_other_than_the_files_is_a_mistake(tmp_path: Path) -> None:
    assert mistake(tmp_path, OWN.replace('"own"', '"other"')) == "key name: must be 'own' like the file, not 'other'"


def test_a_mistake_is_put_on_the_file_that_made_it(tmp_path: Path) -> None:
    base = own(tmp_path, OWN.replace('"own"', '"base"') + "[clock]\ndrift = 1\n", "base")
    top = own(
        tmp_path,
        OWN.replace("smets2-reference", "base") + '[capture]\ndelay_s = { value = 1, confidence = "A", source = "x" }',
    )
    with pytest.raises(LocalError) as caught:
        load(top)
    assert str(caught.value).startswith(f"firmware profile {base}: key clock.drift: ")


def test_what_is_missing_and_circles_are_named(tmp_path: Path) -> None:
    assert mistake(tmp_path, OWN.replace("smets2-reference", "nothing")).startswith(
        "key extends: 'nothing' is not known"
    )
    assert mistake(tmp_path, OWN.replace('"smets2-reference"', "7")) == "key extends: a name is needed, not 7"
    assert mistake(tmp_path, OWN.replace("smets2-reference", "own")) == "key extends: goes round in a circle"
    with pytest.raises(LocalError, match=r"'nothing' is not known \(shipped: gap-after-power-cut, "):
        load("nothing")
    with pytest.raises(LocalError, match="cannot be read"):
        load(tmp_path / "absent.toml")
    with pytest.raises(LocalError, match="at least one name"):
        stack([])


def test_a_profile_without_a_base_needs_everything(tmp_path: Path) -> None:
    line = mistake(tmp_path, 'name = "own"')
    assert line.startswith("key description: is missing (and ")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LocalError, match=r"own\.toml: cannot be read"):
        load(tmp_path / "own.toml")
