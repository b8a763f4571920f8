"""``meterfarm keys new``: what it writes, what it refuses, what it prints."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from typer.testing import CliRunner, Result

from gbcs import eui64
from gbcs.certificates import Usage
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.security import DCC_ACB
from gbcs.seeded import SeededKeyStore
from tools.cli import main
from tools.keys import app

METER = bytes.fromhex("024d460000000001")
MDR = bytes.fromhex("024d46f000040001")
PRIVATE, PUBLIC = 0o600, 0o644


def new(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["new", str(directory), *arguments])


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_new_directory_reads_without_a_note_and_every_pair_agrees(tmp_path: Path) -> None:
    result = new(tmp_path / "keys", "--devices", "3")
    assert result.exit_code == 0, result.output
    store = KeyStore.read(tmp_path / "keys")
    assert store.notes == () and not store.is_test
    roles = [role for role in store.parties().values() if role is not None]
    assert sorted(roles) == [1, 2, 3, 4, 5, 6, 127, 127]
    assert store.certificate_role(MDR) is RemotePartyRole.OTHER
    assert sum(role is None for role in store.parties().values()) == 3
    secret = store.shared_secret(DCC_ACB, METER)
    one_sided = KeyStore()
    one_sided.add_private(METER, Usage.KA, store._private[METER, Usage.KA])
    one_sided.add_certificate(store.ka_certificate(DCC_ACB))
    assert one_sided.shared_secret(METER, DCC_ACB) == secret
    assert store.signing_key(METER).public_key() == store.verify_key(METER)


def test_private_keys_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        assert new(tmp_path / "keys").exit_code == 0
    finally:
        os.umask(mask)
    modes = {path.suffix: set[int]() for path in (tmp_path / "keys").rglob("*.*")}
    for path in (tmp_path / "keys").rglob("*.*"):
        modes[path.suffix].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {".key": {PRIVATE}, ".pem": {PUBLIC}}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_seed_repeats_the_directory_and_marks_it(tmp_path: Path) -> None:
    for name, seed in (("one", "5"), ("two", "5"), ("other", "6")):
        assert new(tmp_path / name, "--seed", seed, "--devices", "1").exit_code == 0
    assert files(tmp_path / "one") == files(tmp_path / "two")
    other = files(tmp_path / "other")
    assert not any(content == other[name] for name, content in files(tmp_path / "one").items())
    with pytest.raises(LocalError, match="test keys"):
        KeyStore.read(tmp_path / "one").refuse_test_keys("a rig")


def test_the_mark_of_test_keys_stays_with_either_kind_of_file(tmp_path: Path) -> None:
    assert new(tmp_path / "keys", "--seed", "5").exit_code == 0
    for suffix in (".pem", ".key"):
        alone = tmp_path / suffix.strip(".")
        alone.mkdir()
        for name, content in files(tmp_path / "keys").items():
            if name.endswith(suffix) and "/" not in name:
                (alone / name).write_bytes(content)
        assert KeyStore.read(alone).is_test


def test_the_keys_of_a_seed_are_those_of_the_farm_with_this_key_seed(tmp_path: Path) -> None:
    assert new(tmp_path / "keys", "--seed", "5", "--users", "2").exit_code == 0
    written = KeyStore.read(tmp_path / "keys")
    second_mdr = bytes.fromhex("024d46f000040002")
    farm = SeededKeyStore(5, {MDR: RemotePartyRole.OTHER, second_mdr: RemotePartyRole.OTHER})
    for party in (DCC_ACB, MDR, second_mdr):
        assert written.shared_secret(METER, party) == farm.shared_secret(METER, party)
    assert written.ka_certificate(MDR) == farm.ka_certificate(MDR)
    assert written.signing_key(METER).private_numbers() == farm.signing_key(METER).private_numbers()


def test_the_identifiers_are_those_of_an_emulated_farm(tmp_path: Path) -> None:
    populations = pytest.importorskip("emulator.population")
    scenarios = pytest.importorskip("emulator.scenario")
    population = populations.populate(scenarios.load_scenario(premises=3))
    assert new(tmp_path / "keys", "--devices", "3", "--users", "3").exit_code == 0
    known = set(KeyStore.read(tmp_path / "keys").parties())
    assert {party.eui for party in population.parties()} <= known
    assert {population.esme(number) for number in range(3)} <= known


def test_json_is_one_object_without_key_material(tmp_path: Path) -> None:
    result = new(tmp_path / "keys", "--seed", "987654321", "--devices", "2", "--json")
    printed = json.loads(result.stdout)
    assert printed["directory"] == str(tmp_path / "keys") and printed["test_keys"] is True
    assert [party["role"] for party in printed["parties"]] == [
        "01", "04", "05", "06", "02", "7F", "03", "7F", None, None
    ]  # fmt: skip
    named = {name for party in printed["parties"] for name in party["files"]}
    assert named == {name for name in files(tmp_path / "keys") if not name.startswith("ca/")}
    assert printed["parties"][-2]["eui"] == eui64.show(METER)
    assert "987654321" not in result.output and "PRIVATE" not in result.output


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    assert new(keys).exit_code == 0
    before = files(keys)
    again = new(keys)
    assert isinstance(again.exception, LocalError) and "never overwritten" in str(again.exception)
    assert files(keys) == before
    (tmp_path / "file").write_text("mine")
    assert isinstance(new(tmp_path / "file").exception, LocalError)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "keys"], "nothing half made is left"


def test_an_empty_directory_is_filled_and_an_absent_parent_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert new(tmp_path / "empty", "--devices", "0").exit_code == 0
    absent = new(tmp_path / "absent" / "keys")
    assert isinstance(absent.exception, LocalError) and "No such file" in str(absent.exception)


def test_the_table_names_every_party_and_shortens_a_long_list_of_meters(tmp_path: Path) -> None:
    result = new(tmp_path / "keys", "--devices", "30")
    for text in ("access control broker", "data retriever", "90-B3-D5-1F-30-00-00-02", "meter 30", "30 meters"):
        assert text in result.output
    assert "meter 29" not in result.output
    assert new(tmp_path / "more", "--devices", "-1").exit_code == 2


def test_the_issuers_can_issue_more(tmp_path: Path) -> None:
    assert new(tmp_path / "keys").exit_code == 0
    names = {path.name for path in (tmp_path / "keys" / "ca").iterdir()}
    assert names == {f"{who}.{what}" for who in ("root", "organisations", "devices") for what in ("pem", "key")}
    root, issuer = (
        x509.load_pem_x509_certificate((tmp_path / "keys" / "ca" / f"{name}.pem").read_bytes())
        for name in ("root", "devices")
    )
    issuer.verify_directly_issued_by(root)
    meter = x509.load_pem_x509_certificate((tmp_path / "keys" / f"{METER.hex()}-ka.pem").read_bytes())
    meter.verify_directly_issued_by(issuer)
    key = load_pem_private_key((tmp_path / "keys" / "ca" / "devices.key").read_bytes(), None)
    assert key.public_key() == issuer.public_key()


def test_keys_are_not_made_inside_a_reference_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "RTDS-9.9.9").mkdir()
    assert main(["keys", "new", str(tmp_path / "mine")]) == 2
    assert "reference set" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["RTDS-9.9.9"]
