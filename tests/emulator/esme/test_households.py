"""The table of households: registers, masks, and one line for every mistake in it."""

from __future__ import annotations

from importlib.resources import files

import pytest

from emulator.errors import ScenarioError
from emulator.esme.households import BANKS, households, mask_slots, parse, parse_register, streams_of, variants
from emulator.scenario_names import household_variants
from gbcs.errors import LocalError

TEXT = files("emulator.esme").joinpath("households.toml").read_text("utf-8")


def test_the_variants_are_those_that_a_scenario_may_name() -> None:
    assert set(household_variants()) <= set(variants())


@pytest.mark.parametrize("variant", variants())
def test_every_stream_of_active_import_counts_in_a_register_of_its_element(variant: str) -> None:
    for export in (False, True):
        streams = streams_of(variant, export, twin=True)
        assert {s.channel for s in streams if s.register_key} == {"active_import", "active_import_secondary"}
        assert all(s.annual_kwh is not None and s.annual_kwh > 0 for s in streams)


def test_an_array_takes_over_some_of_the_consumption() -> None:
    without, with_array = (
        sum(s.annual_kwh or 0 for s in streams_of("single_rate", export, False) if s.channel == "active_import")
        for export in (False, True)
    )
    assert with_array < without


@pytest.mark.parametrize(
    ("text", "register"),
    [("tou 1", ("tou", 0)), ("tou 48", ("tou", 47)), ("block 2 2", ("block", 9)), ("secondary 4", ("secondary", 3))],
)
def test_registers_by_name(text: str, register: tuple[str, int]) -> None:
    assert parse_register(text) == register


@pytest.mark.parametrize("text", ["tou", "tou 0", "tou 49", "tou 1 1", "block 1", "block 5 1", "secondary x", "gas 1"])
def test_what_is_no_register_is_named(text: str) -> None:
    with pytest.raises(LocalError, match="is no register"):
        parse_register(text)
    assert set(BANKS) == {"tou", "block", "secondary"}


def test_masks_and_their_opposites_share_out_the_day() -> None:
    for name in households().mask:
        inside, outside = mask_slots(households(), name), mask_slots(households(), f"not {name}")
        assert len(inside) == 48 and any(inside)
        assert [a != b for a, b in zip(inside, outside, strict=True)] == [True] * 48
    assert sum(mask_slots(households(), "economy7")) == 14
    assert all(mask_slots(households(), ""))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("[meters]", "[meters", "is not TOML"),
        ("spread = 0.45 ", "spread = 4.5 ", "key meters.spread"),
        ('curve = "home"', 'curve = "palace"', "curve 'palace' is not known"),
        ('season = "domestic"', 'season = "monsoon"', "season 'monsoon' is not known"),
        ('noise = "appliances"', 'noise = "silence"', "noise 'silence' is not known"),
        ('mask = "not economy7"', 'mask = "not economy8"', "mask 'economy8' is not known"),
        ('\nregister = "tou 1"', '\nregister = "tou 77"', "is no register"),
        ('\nregister = "tou 1"', '\nregister = "secondary 1"', "belongs to the other element"),
        ("annual_kwh = 2700", "annual_kwh = -1", "annual_kwh"),
        ('noise = "appliances"', 'noise = "appliances"\npower_kw = 3.0', "give noise or"),
        ("annual_kwh = 2700", "annual_kwh = 2700\nratio = 0.5", "give annual_kwh or ratio"),
        ("annual_kwh = 2700", "annual_kwh = 2700\ncolour = 1", "colour"),
        ("[meters]\nspread", "[meters]\nextra = 1\nspread", "key meters.extra"),
        ('from = "00:30"', 'from = "24:30"', "key mask.economy7.from"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_place(old: str, new: str, what: str) -> None:
    assert old in TEXT
    with pytest.raises(ScenarioError) as caught:
        parse(TEXT.replace(old, new, 1), "own.toml")
    message = str(caught.value)
    assert message.startswith("own.toml: ") and what in message and "\n" not in message
