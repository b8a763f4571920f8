"""Files of secrets: read by their owner alone, mistakes named, nothing shown; counters that only rise."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.clock import utc_now
from emulator.smets1.profile import load_profile
from gbcs.errors import LocalError
from rigs.meters.counting import invocation_counters, passing_counters
from rigs.meters.secrets import OUR_TITLE, Secrets, emulated_secrets, read_secrets

KEY, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
GOOD = f'encryption_key = "{KEY}"\nauthentication_key = "{OTHER}"\n[passwords]\nreader = "hush-hush"\n'


def file_of(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "meter.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_file_is_read(tmp_path: Path) -> None:
    secrets = read_secrets(file_of(tmp_path, GOOD))
    assert secrets.keys() == (bytes.fromhex(KEY), bytes.fromhex(OTHER))
    assert (secrets.password("reader"), secrets.title()) == (b"hush-hush", OUR_TITLE)
    assert secrets.has_password("reader") and not secrets.has_password("P1")


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"can be read by others \(mode 0640\): chmod 600"):
        read_secrets(file_of(tmp_path, GOOD, 0o640))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('encryption_key = "hush-hush"', "key encryption_key: 32 hexadecimal digits are needed"),
        ('client_title = "00"', "key client_title: 16 hexadecimal digits are needed"),
        ('pasword = "hush-hush"', "key pasword"),
        ("passwords = 7", "key passwords"),
        ("hush-hush", "is not TOML"),
    ],
)
def test_a_mistake_is_named_and_not_shown(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(LocalError) as caught:
        read_secrets(file_of(tmp_path, text))
    assert told in str(caught.value) and "hush-hush" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"none\.toml cannot be read: No such file"):
        read_secrets(tmp_path / "none.toml")


def test_nothing_shows_itself(tmp_path: Path) -> None:
    secrets = read_secrets(file_of(tmp_path, GOOD))
    shown = f"{secrets!r} {secrets} {secrets.model_dump()} {secrets.model_dump_json()}"
    assert not any(one in shown for one in ("hush-hush", KEY, OTHER))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(LocalError, match="no password of 'P1'"):
        Secrets().password("P1")
    with pytest.raises(LocalError, match="no keys of the meter"):
        Secrets().keys()


def test_an_emulated_meter_has_those_of_its_profile() -> None:
    secrets = emulated_secrets(load_profile("smets1-iec62056-21"))
    assert secrets.password("P1") == b"12345678" and len(secrets.keys()[0]) == 16


def test_counters_go_on_from_run_to_run(tmp_path: Path) -> None:
    file, seen = tmp_path / "state" / "counters.json", []
    for _ in range(3):
        with invocation_counters(file, OUR_TITLE) as take:
            seen += [take() for _ in range(40)]
    assert seen == sorted(set(seen)) and int(utc_now()) - 5 < seen[0] and seen[-1] < 1 << 32


def test_no_counter_no_file(tmp_path: Path) -> None:
    with invocation_counters(tmp_path / "counters.json", OUR_TITLE):
        pass
    assert not list(tmp_path.iterdir())


def test_counters_of_a_process_rise_from_the_time_of_day() -> None:
    take = passing_counters()
    assert int(utc_now()) <= take() < take() < 1 << 32
