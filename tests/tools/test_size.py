"""``meterfarm size``: sizes of real messages, for people and for scripts."""

from __future__ import annotations

import pytest
from shell import meterfarm

from emulator.capacity.sizes import ROLES, exchange
from gbcs.catalogue import mhhs


def test_json_holds_the_bytes_of_the_messages_themselves() -> None:
    shown = meterfarm("size", "4.8.1", "--role", "IS", "--json").json()
    made = exchange("4.8.1", "IS")
    assert (
        (shown["command"]["bytes"], shown["response"]["bytes"]) == (len(made.command), len(made.response)) == (187, 544)
    )
    assert shown["bytes"] == 731 and shown["values"] == 48
    assert set(shown["command"]["networks"]) == {
        "csp_north_lrr", "csp_sc_cellular_2g", "csp_sc_cellular_3g", "cellular_ltem",
    }  # fmt: skip


def test_compressed_sizes_are_those_of_a_link_that_knows_the_meter() -> None:
    shown = meterfarm("size", "4.8.1", "--role", "MDR", "--json").json()
    ours, alone = shown["compressed"]["header_context"], shown["compressed"]["deflate"]
    assert ours["command"] < 40 and 420 < ours["response"] < 440, (
        "certificate and header gone, ciphertext and tags stay"
    )
    assert alone["command"] > 450, "without context the certificate travels"
    assert all(one["command"] > 0 and one["response"] > 0 for one in shown["compressed"].values())


def test_days_and_twin_reach_the_meter() -> None:
    shown = meterfarm("size", "4.8.1", "--days", "7", "--twin", "--json").json()
    assert shown["values"] == 7 * 48
    assert len(shown["response"]["blocks"]) == 4
    assert shown["response"]["bytes"] > 7 * 500


def test_a_person_sees_both_directions_and_their_sum() -> None:
    ended = meterfarm("size", "4.6.1", "--role", "IS")
    assert ended.code == 0
    rows = {line.split("  ")[0]: line.split()[-3:] for line in ended.out.splitlines() if line}
    assert rows["GBCS message, bytes"] == ["187", "508", "695"]
    assert "2G, 3G, LTE-M: frames" in rows


@pytest.mark.parametrize("role", ROLES)
def test_without_a_read_every_read_of_the_role(role: str) -> None:
    shown = meterfarm("size", "--role", role, "--days", "2", "--json").json()
    srvs = {read["srv"] for read in shown["reads"]}
    assert srvs and srvs <= {use_case.srvs[0] for use_case in mhhs()}
    assert ("4.1.1" in srvs) == (role in ("IS", "NO"))
    assert meterfarm("size", "--role", role).code == 0


def test_the_change_that_is_open_gives_data_retrievers_4_1_1() -> None:
    assert meterfarm("size", "4.1.1", "--gbcs", "4.3+MP162", "--json").json()["role"] == "MDR"
    assert "no access under GBCS 4.3" in meterfarm("size", "4.1.1").error()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("4.9",), "no service request of half-hourly settlement"),
        (("4.8.1", "--role", "XX"), "allowed: IS, NO, ES, MDR"),
        (("--role", "XX"), "allowed: IS, NO, ES, MDR"),
        (("4.6.1", "--days", "32"), "holds 31"),
        (("4.8.1", "--days", "0"), "1 day at least"),
        (("4.8.1", "--gbcs", "9"), "allowed: 4.3, 4.3+MP162"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    ended = meterfarm("size", *arguments)
    assert ended.code == 2 and said in ended.error()
