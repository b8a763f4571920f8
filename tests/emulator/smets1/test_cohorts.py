"""Cohorts: the shipped table is whole, and mistakes of a scenario are one line that names the key."""

from __future__ import annotations

import pytest

from emulator.errors import ScenarioError
from emulator.scenario_names import smets1_cohorts, sms_presets
from emulator.smets1.cohorts import SRVS, load_cohorts
from emulator.smets1.mmc import SHAPES
from emulator.smets1.radio import PRESETS, load_radio
from emulator.smets1.readers import family_reader


def test_the_names_of_scenarios_are_those_of_the_tables() -> None:
    assert tuple(load_cohorts().cohort) == smets1_cohorts()
    assert sms_presets() == PRESETS
    assert set(SRVS) == set(SHAPES)


@pytest.mark.parametrize("cohort", smets1_cohorts())
def test_every_cohort_has_a_family_that_can_be_read(cohort: str) -> None:
    row = load_cohorts().cohort[cohort]
    assert family_reader(row.profile.value).dialect in {"dlms-wrapper", "edmi"}


def test_every_value_has_a_mark_and_a_source_and_a_name_of_its_own() -> None:
    found = load_cohorts().assumptions() + [one for name in PRESETS for one in load_radio(name).assumptions()]
    assert all(one.confidence in "HMLA" and one.source and one.value for one in found)
    assert len({one.name for one in found}) == len(found) > 100


def test_what_the_assessment_states_stands_in_the_table() -> None:
    cohorts = load_cohorts()
    assert cohorts.dco.trt_s.value == 4.0
    assert 0.26 <= cohorts.s1sp["secure"].tps_uplift.value <= 0.58
    assert cohorts.cohort["moc_secure"].operators.value["secure_s1csp_1"] > 0.9
    assert cohorts.cohort["moc_secure"].sms_per_wake.value == 2
    assert cohorts.operator["vodafone"].sms_over_quota_gbp.value == 0.025
    assert cohorts.s1sp["secure"].segregates.value
    assert [name for name, row in cohorts.apn.items() if row.dsp_limit.value] == ["aclara", "itron"]


def test_a_value_of_the_scenario_is_marked_as_its_own() -> None:
    cohorts = load_cohorts({"apn.itron": {"contexts": 5}})
    assert cohorts.apn["itron"].contexts.value == 5
    assert cohorts.apn["itron"].contexts.source == "the scenario"
    assert load_cohorts().apn["itron"].contexts.value != 5


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"apn.nobody": {"contexts": 1}}, "apn.nobody: is not known"),
        ({"s1sp": {"tps": 1}}, "s1sp: is not known"),
        ({"apn.itron": {"size": 1}}, r"apn.itron.size: is not known \(allowed: contexts"),
        ({"apn.itron": {"contexts": 0}}, "apn.itron.contexts: should be greater than or equal to 1"),
        ({"cohort.foc_lg": {"operators": {"nobody": 1.0}}}, "'nobody' is not known"),
        ({"cohort.foc_lg": {"operators": {"vodafone": 0.7}}}, "must add up to 1"),
        ({"cohort.foc_lg": {"s1sp": "dxc"}}, "s1sp: is not known"),
        ({"s1sp.dxc": {"cache_age_s": {"4.17": 60.0}}}, "cache_age_s"),
        ({"dco": {"workers": 1.5}}, "dco.workers"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(overrides: dict[str, dict[str, object]], said: str) -> None:
    with pytest.raises(ScenarioError, match=said) as caught:
        load_cohorts(overrides, label="scenario mine")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("scenario mine: key smets1.overrides.")
