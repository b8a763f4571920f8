"""What the made corpus says, from its own measurements, held against bounds: an earlier study with other code and data.

That study had no context check and rounded its ratios; a bound here is its ratio, 0.03, and both checks of an exchange.
"""

from __future__ import annotations

from functools import cache

import pytest

from emulator.compression.codec import CHECK_BYTES
from emulator.compression.corpus import made_corpus
from emulator.compression.findings import findings, needed
from emulator.compression.mixes import Place, Sizes, load_mixes, mix_ratios
from tools.compression.engine import measure_all
from tools.compression.results import sizes_of

STUDY = {
    ("supplier", "ECS17b"): {"b": 0.21, "c": 0.95, "d": 0.16},
    ("supplier", "ECS21a"): {"b": 0.58, "c": 0.51, "d": 0.09},
    ("supplier", "ECS22b"): {"b": 0.60, "c": 0.54, "d": 0.14},
    ("supplier", "ECS66"): {"b": 0.18, "c": 0.97, "d": 0.15},
    ("MDR", "ECS17a"): {"b": 0.17, "c": 1.00, "d": 0.17},
    ("MDR", "ECS21a"): {"b": 0.36, "c": 0.70, "d": 0.06},
    ("MDR", "ECS21c"): {"b": 0.19, "c": 0.97, "d": 0.19},
    ("MDR", "ECS22a"): {"b": 0.76, "c": 0.39, "d": 0.16},
    ("MDR", "ECS22b"): {"b": 0.38, "c": 0.72, "d": 0.09},
    ("MDR", "ECS66"): {"b": 0.08, "c": 0.99, "d": 0.07},
}
MEASURED = {"b": "header_context", "c": "payload", "d": "payload+header_context"}
CODECS = ("header_context", "header_context_rows", "zstd_dictionary", "deflate", "heatshrink")


@cache
def sizes() -> Sizes:
    outcome = measure_all(made_corpus(4, seed=5), CODECS, 1, lambda _: None)
    assert outcome.is_complete and not outcome.notes
    return sizes_of(outcome.measured)


@pytest.mark.parametrize(("role", "use_case"), STUDY)
def test_each_read_is_within_bounds_at_each_placement(role: str, use_case: str) -> None:
    raw = sum(sizes().raw[Place(use_case, role, "single", way)] for way in ("down", "up"))
    for letter, studied in STUDY[role, use_case].items():
        checks = 0 if letter == "c" else 2 * CHECK_BYTES
        ratio = sizes().ratio(MEASURED[letter], use_case, role)
        assert ratio is not None and ratio <= studied + 0.03 + checks / raw, letter


def test_reads_that_a_supplier_cannot_ask_do_not_occur() -> None:
    asked = {(place.role, place.use_case) for place in sizes().raw}
    assert asked == set(STUDY)


@pytest.mark.parametrize(("role", "floor"), [("supplier", 0.77), ("MDR", 0.74)])
def test_the_floor_of_a_daily_read_on_the_uplink(role: str, floor: float) -> None:
    place = Place("ECS22b", role, "single", "up")
    assert sizes().floor[place] / sizes().raw[place] == pytest.approx(floor, abs=0.005)
    ratio = sizes().ratio("header_context", "ECS22b", role, "up")
    assert ratio is not None and floor < ratio < floor + 0.02


def test_nothing_at_the_hub_is_below_the_floor_of_what_is_encrypted() -> None:
    for place, raw in sizes().raw.items():
        for codec in CODECS:
            if place.direction == "up" and place.use_case != "ECS22a":
                assert sizes().sent[codec][place] / raw >= sizes().floor[place] / raw


def test_commands_have_the_sizes_that_certificates_make() -> None:
    assert sizes().raw[Place("ECS22b", "supplier", "single", "down")] == 187
    assert sizes().raw[Place("ECS22b", "MDR", "single", "down")] == pytest.approx(612, abs=1)
    assert sizes().sent["header_context"][Place("ECS22b", "MDR", "single", "down")] <= 28


def test_mixes_are_those_of_the_scenarios() -> None:
    uplink = {ratios.mix.name: ratios for ratios in mix_ratios(sizes(), "header_context")}
    assert set(uplink) == {mix.name for mix in load_mixes().mixes}
    assert uplink["supplier, no export"].up == pytest.approx(0.77, abs=0.02)
    assert uplink["MDR, 50 % export"].total == pytest.approx(0.47, abs=0.02)
    rows = {ratios.mix.name: ratios for ratios in mix_ratios(sizes(), "header_context_rows")}
    assert rows["MDR, 50 % export"].up == pytest.approx(0.53, abs=0.02)
    assert rows["MDR, 50 % export"].total == pytest.approx(0.32, abs=0.02)


def test_what_half_needs_is_said_with_what_it_breaks() -> None:
    said = {finding.name: finding for finding in findings(sizes())}
    both = said["half_MDR, 10 % export_command and answer"]
    assert "50 % needs b (" in both.text and "A4" in both.text and "DA3" not in both.text
    uplink = said["half_supplier, no export_uplink"]
    assert "50 % needs c (" in uplink.text and "DA3" in uplink.text
    assert both.values["b"] == pytest.approx(0.41, abs=0.02) and uplink.values["b"] > 0.74
    assert said["without_context"].values["deflate"] > 0.9


def test_where_nothing_reaches_half_nothing_is_named() -> None:
    assert needed({"a": 0.9, "b": 0.6, "c": 0.51}) is None
    place = needed({"a": 0.4, "b": 0.5, "c": 0.2})
    assert place is not None and place.letter == "b"


def test_twins_are_worse_on_the_uplink() -> None:
    twin = sizes().ratio("header_context", "ECS22b", "supplier", "up", "twin")
    assert twin == pytest.approx(0.83, abs=0.02)
