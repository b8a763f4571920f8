"""All reference pairs are answered; a lost key or a changed answer cannot pass as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from reference_set import rtds_home

from emulator.twins import make_twin
from gbcs.keystore import KeyStore
from tools.rtds_answer import Likeness, answer_all, answer_one
from tools.rtds_files import Vector, pairs, read_keys, read_vectors

PAIRS, IDENTICAL, SIGNED = 398, 245, 152


@pytest.fixture(scope="module")
def exchanges() -> list[tuple[Vector, Vector]]:
    return pairs(read_vectors(rtds_home()))


@pytest.fixture(scope="module")
def keys() -> KeyStore:
    return read_keys(rtds_home())


def test_every_pair_is_answered_but_the_one_between_two_devices(
    exchanges: list[tuple[Vector, Vector]], keys: KeyStore
) -> None:
    report = answer_all(exchanges, keys)
    assert report.failures == []
    assert (report.total.pairs, report.total.identical, report.total.signed_equal) == (PAIRS, IDENTICAL, SIGNED)
    assert len(report.no_key) == 1 and "PCS01" in report.no_key[0]
    assert report.total.answered == report.total.pairs - len(report.no_key)
    assert sum(one["pairs"] for one in report.as_json()["use_cases"].values()) == PAIRS


def test_a_key_that_is_lost_is_a_failure(exchanges: list[tuple[Vector, Vector]]) -> None:
    report = answer_all([pair for pair in exchanges if "ECS17a" in pair[0].name], KeyStore())
    assert report.total.answered == 0 and len(report.failures) == report.total.pairs > 0


@pytest.mark.parametrize("at", [-1, -70, 30])
def test_a_changed_reference_is_seen(exchanges: list[tuple[Vector, Vector]], keys: KeyStore, at: int) -> None:
    for command, response in exchanges[::23]:
        twin = make_twin(command.data, response.data, keys)
        changed = bytearray(response.data)
        changed[at] ^= 1
        likeness, reason = answer_one(twin, command.data, replace(response, data=bytes(changed)).data)
        if likeness is Likeness.SIGNED_EQUAL:  # the reference's signature is not ours, and is not compared
            assert at == -1
        else:
            assert likeness is Likeness.DIFFERENT and reason
