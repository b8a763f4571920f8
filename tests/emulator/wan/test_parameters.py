"""Presets and overrides: everything is stated, and a mistake is one line that names preset and key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emulator.errors import ScenarioError
from emulator.scenario_names import wan_presets
from emulator.wan import NETWORKS, load_parameters, make_wan, outage_parameters

STATIONS = np.zeros(3, np.int32)


def test_there_is_a_network_for_every_preset_that_a_scenario_may_name() -> None:
    assert tuple(NETWORKS) == wan_presets()


@pytest.mark.parametrize("preset", NETWORKS)
def test_every_value_has_its_confidence_and_source(preset: str) -> None:
    model = make_wan(preset, load_parameters(preset), 1, STATIONS, 4)
    stated = model.assumptions()
    assert len(stated) >= 5
    assert all(one.confidence in ("H", "M", "L", "A") and one.value for one in stated)
    assert all(len(one.source) > 3 for one in stated)
    assert len({one.name for one in stated}) == len(stated)
    assert model.title and len(model.not_modelled) > 20


def test_the_network_behind_the_mesh_states_its_values_too() -> None:
    names = {one.name for one in load_parameters("csp_sc_mesh_868").assumptions()}
    assert {"csp_sc_mesh_868.hops", "csp_sc_cellular_2g.rtt_s"} <= names


def test_an_override_replaces_its_key_and_counts_as_assumed() -> None:
    parameters = load_parameters("csp_north_lrr", {"csp_north_lrr": {"frame_loss": {"p": 0.10}}})
    assert parameters.frame_loss.p == 0.10  # type: ignore[attr-defined]
    assert parameters.frame_loss.max_tries == 5  # type: ignore[attr-defined]
    stated = {one.name: one for one in parameters.assumptions()}
    assert stated["csp_north_lrr.frame_loss"].confidence == "A"
    assert "scenario" in stated["csp_north_lrr.frame_loss"].source
    assert stated["csp_north_lrr.uplink_wait_s"].confidence == "L"


def test_an_override_may_say_how_sure_it_is() -> None:
    own = {"rate_bps": {"median": 40_000, "confidence": "H", "source": "operator, 2026"}}
    parameters = load_parameters("csp_sc_cellular_2g", {"csp_sc_cellular_2g": own})
    stated = {one.name: one for one in parameters.assumptions()}["csp_sc_cellular_2g.rate_bps"]
    assert (stated.confidence, stated.source) == ("H", "operator, 2026")
    assert "40000" in stated.value


def test_another_distribution_replaces_the_whole_parameter() -> None:
    own = {"downlink_wait_s": {"dist": "const", "value": 1.5}}
    parameters = load_parameters("csp_north_lrr", {"csp_north_lrr": own})
    assert parameters.downlink_wait_s.value == 1.5  # type: ignore[attr-defined]


def test_a_nested_distribution_is_overridden_key_by_key_or_replaced() -> None:
    for own, said in (({"lo": 2.0}, "lo 2, hi 8"), ({"dist": "const", "value": 3}, "value 3")):
        parameters = load_parameters("csp_north_lrr", {"csp_north_lrr": {"frame_loss": {"backoff_s": own}}})
        assert said in parameters.frame_loss.backoff_s.describe()  # type: ignore[attr-defined]


def test_the_mesh_takes_over_overrides_of_the_network_behind_it() -> None:
    parameters = load_parameters("csp_sc_mesh_868", {"csp_sc_cellular_2g": {"loss": {"p": 0.3}}})
    assert parameters.base.loss.p == 0.3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("preset", "own", "said"),
    [
        ("csp_north_lrr", {"frame_los": {"p": 1}}, "csp_north_lrr.frame_los: is not known (allowed: downlink_wait_s,"),
        ("csp_north_lrr", {"frame_loss": {"q": 1}}, "csp_north_lrr.frame_loss.q: is not known (allowed: confidence,"),
        ("csp_north_lrr", {"frame_loss": {"p": 1.5}}, "csp_north_lrr.frame_loss.p: "),
        ("csp_north_lrr", {"frame_loss": {"p": "much"}}, "not 'much'"),
        ("csp_north_lrr", {"frame_loss": 0.1}, "csp_north_lrr.frame_loss: a table is needed, not 0.1"),
        ("csp_north_lrr", {"downlink_wait_s": {"high": 1}}, "downlink_wait_s.high: is not known (allowed: "),
        ("csp_north_lrr", {"downlink_wait_s": {"lo": 9}}, "lo 9 is above hi 4"),
        ("csp_north_lrr", {"downlink_wait_s": {"dist": "gauss"}}, "dist 'gauss' is not known (allowed: uniform,"),
        ("csp_north_lrr", {"downlink_wait_s": {"dist": "const"}}, "downlink_wait_s.value: is missing"),
        ("csp_north_lrr", {"background_utilisation": {"value": 1.0}}, "background_utilisation.value: "),
        ("csp_sc_mesh_868", {"hops": {"values": {"1": 0.5}}}, "hops: the shares must add up to 1, they add up to 0.5"),
        (
            "csp_sc_mesh_868",
            {"base": {"rtt_s": {}}},
            "csp_sc_mesh_868.base: cannot be overridden: override csp_sc_cellular_2g",
        ),
        ("csp_north_lrr", {"title": "mine"}, "csp_north_lrr.title: cannot be overridden"),
        ("smets1_sms", {"mt_sms_s": {"parts": []}}, "smets1_sms.mt_sms_s.parts: "),
    ],
)
def test_a_mistake_is_one_line_that_names_preset_and_key(preset: str, own: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_parameters(preset, {preset: own}, label="scenario mine.toml")
    text = str(caught.value)
    assert text.startswith("scenario mine.toml: key networks.overrides.") and "\n" not in text
    assert said in text


def test_unknown_networks_are_named() -> None:
    with pytest.raises(ScenarioError, match=r"network 'wimax' is not known \(allowed: csp_north_lrr"):
        load_parameters("wimax")
    with pytest.raises(ScenarioError, match="'wimax'"):
        load_parameters("csp_north_lrr", {"wimax": {}})
    with pytest.raises(ScenarioError, match="cannot be made from the parameters of cellular_ltem"):
        make_wan("csp_north_lrr", load_parameters("cellular_ltem"), 1, STATIONS, 4)


def test_outages_state_their_values() -> None:
    assert {one.name for one in outage_parameters().assumptions()} == {
        "outages.no_coverage",
        "outages.hub_down",
        "outages.base_station_down",
    }
