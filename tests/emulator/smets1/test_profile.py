"""Dialect profiles: the families of the market, marks and sources, and mistakes in one line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from emulator.esme.logs import MeterLogs
from emulator.smets1.emulated import meter_of
from emulator.smets1.meter import day_window, emulated_meter
from emulator.smets1.profile import checked, load_profile, shipped
from emulator.smets1.registry import DIALECTS
from gbcs.errors import LocalError
from gbcs.times import DAY_S, HALF_HOUR_S

FAMILIES = {
    "smets1-aclara-sgm13xx",
    "smets1-elster-as302p",
    "smets1-itron",
    "smets1-secure-liberty",
    "smets1-landis-gyr-e470",
    "smets1-edmi-es-10b",
}
PROTOCOLS = {"smets1-dlms", "smets1-dlms-hdlc", "smets1-iec62056-21", "smets1-edmi"}
FILES = files("emulator.smets1").joinpath("profiles")
DAY = 9823
NOW = float((DAY + 1) * DAY_S + 3600)


def test_every_protocol_and_every_family_is_shipped() -> None:
    assert set(shipped()) == FAMILIES | PROTOCOLS


@pytest.mark.parametrize("name", shipped())
def test_a_profile_says_of_every_choice_how_sure_it_is(name: str) -> None:
    profile = load_profile(name)
    stated = profile.assumptions()
    assert len(stated) > 8
    assert all(one.confidence in {"H", "M", "L", "A"} and one.source and one.value for one in stated)
    assert {one.name.split(":")[0] for one in stated} == {name}
    assert profile.cohorts or name in PROTOCOLS


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_no_family_claims_to_be_sure_of_its_makers_protocol(name: str) -> None:
    assert load_profile(name).confidence in {"M", "L", "A"}


@pytest.mark.parametrize("name", shipped())
def test_every_dialect_of_a_profile_can_be_served(name: str) -> None:
    profile = load_profile(name)
    meter = meter_of(profile, 7, now=NOW, window=day_window(DAY))
    for dialect in profile.speaks.value:
        server = profile.servers(meter, dialect)()
        assert not server.closed
        assert server.next_deadline() is None
        assert server.receive_data(b"", NOW) == b""


def test_the_same_seed_uses_the_same_energy_whatever_it_speaks() -> None:
    meters = [meter_of(load_profile(name), 162, now=NOW, window=day_window(DAY)) for name in shipped()]
    first = meters[0].profile(NOW)
    assert len(first) == 48 and all((meter.profile(NOW) == first).all() for meter in meters)
    assert (meter_of(load_profile("smets1-dlms"), 163, now=NOW, window=day_window(DAY)).profile(NOW) != first).any()


def test_a_profile_without_a_window_holds_its_depth() -> None:
    meter = meter_of(load_profile("smets1-dlms"), 162, now=NOW)
    rows = meter.profile(NOW)
    assert len(rows) == 19_056
    assert rows["stamp"][-1] == (DAY + 1) * DAY_S + HALF_HOUR_S
    assert (rows["stamp"][1:] - rows["stamp"][:-1] == HALF_HOUR_S).all()


def test_a_row_is_there_only_once_its_half_hour_is_over() -> None:
    meter = meter_of(load_profile("smets1-dlms"), 162, now=NOW, window=day_window(DAY))
    start = DAY * DAY_S
    assert len(meter.profile(start + 5.0)) == 0 and meter.held(start + 5.0) is None
    assert len(meter.profile(start + 3 * HALF_HOUR_S + 5.0)) == 3
    assert len(meter.profile(NOW, start + HALF_HOUR_S, start + HALF_HOUR_S)) == 1


def test_missing_rows_stay_missing() -> None:
    meter = meter_of(load_profile("smets1-dlms"), 162, now=NOW, window=day_window(DAY))
    whole = meter.profile(NOW)
    lost = DAY * DAY_S + 5 * HALF_HOUR_S
    MeterLogs(meter.energy, meter.settings).drop("profile_active_import", lost, lost)
    left = meter.profile(NOW)
    assert len(left) == 47 and (left == whole[whole["stamp"] != lost]).all()


def test_what_a_family_does_not_speak_is_named() -> None:
    with pytest.raises(LocalError, match=r"does not speak 'edmi'.*dlms-wrapper"):
        load_profile("smets1-dlms").dialect("edmi")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda own: own.update(colour="blue"), "colour"),
        (
            lambda own: own.update(speaks={"value": ["telex"], "confidence": "A", "source": "s"}),
            "'telex' is no dialect",
        ),
        (lambda own: own.pop("dlms"), "table dlms is missing"),
        (lambda own: own["dlms"].update(voltage=1), "voltage"),
        (lambda own: own["dlms"].update(max_pdu={"value": 5, "confidence": "A", "source": "s"}), "max_pdu.value"),
        (lambda own: own["dlms"]["max_pdu"].pop("source"), "max_pdu.source"),
        (lambda own: own["dlms"]["max_pdu"].update(confidence="X"), "max_pdu.confidence"),
        (lambda own: own["dlms"]["columns"].update(value=["clock"]), "columns"),
        (lambda own: own["dlms"]["clients"]["value"].append(own["dlms"]["clients"]["value"][0]), "one SAP"),
        (lambda own: own["meter"]["manufacturer"].update(value="Mfm"), "manufacturer"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_key(change: Callable[[dict[str, Any]], None], says: str) -> None:
    said = tomllib.loads(FILES.joinpath("smets1-dlms.toml").read_text(encoding="utf-8"))
    assert checked("smets1-dlms", said) == load_profile("smets1-dlms")
    change(said)
    with pytest.raises(LocalError) as error:
        checked("smets1-dlms", said)
    assert says in str(error.value) and "\n" not in str(error.value) and "smets1-dlms" in str(error.value)


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(LocalError, match="'smets1-telex' is no profile"):
        load_profile("smets1-telex")


@pytest.mark.parametrize(
    ("serial", "maker"), [("x" * 17, "MFM"), ("5 5", "MFM"), ("5", "MF"), ("5", "MF1"), ("é", "MFM")]
)
def test_an_identity_that_no_protocol_carries_is_refused(serial: str, maker: str) -> None:
    with pytest.raises(LocalError):
        emulated_meter(7, serial_number=serial, manufacturer=maker, passwords={}, commissioned_at=0.0)


def test_passwords_are_in_no_repr() -> None:
    assert "12345678" not in repr(meter_of(load_profile("smets1-dlms"), 7, now=NOW))


def test_every_dialect_is_spoken_by_some_profile() -> None:
    spoken = {dialect for name in shipped() for dialect in load_profile(name).speaks.value}
    assert spoken == set(DIALECTS)
