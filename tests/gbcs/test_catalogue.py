"""The message-code catalogue: against the published lists, and against every reference message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import pytest
from reference_set import rtds_home

from gbcs.catalogue import (
    UseCase,
    by_code,
    by_srv,
    by_use_case,
    carries_header_time,
    catalogue,
    find,
    is_han_only,
    mhhs,
)
from gbcs.errors import LocalError, RemoteError
from gbcs.framing import Cra, Message, decode
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole

HEADER_TIME = (
    "0007 0012 0019 001A 001B 001F 0026 0027 0028 0029 002A 002B 002C 002D 0039 0043 0054 006B 006C 006D 006F 0074 "
    "0075 0097 00A2 00A3 00B6 00B7 00B8 00BC 00C7 00DE 0102 0103 0104 0105 0106 0107 0108 0109 011A 0125 0126 012A"
)
ROLE_NAMES = {
    "recovery": RemotePartyRole.RECOVERY,
    "supplier": RemotePartyRole.SUPPLIER,
    "networkOperator": RemotePartyRole.NETWORK_OPERATOR,
    "accessControlBroker": RemotePartyRole.ACCESS_CONTROL_BROKER,
    "transitionalCoS": RemotePartyRole.TRANSITIONAL_COS,
    "wanProvider": RemotePartyRole.WAN_PROVIDER,
    "loadController": RemotePartyRole.LOAD_CONTROLLER,
}
UNSIGNED_THOUGH_CRITICAL = {0x0104}  # CS02b by the ACB: its command is MAC'd only, its response is signed


def messages() -> Iterator[Message]:
    """All reference messages."""
    for path in sorted(rtds_home().glob("RTDS-*/*/*.HEX")):
        yield decode(bytes.fromhex(path.read_text("ascii")))


def test_every_code_is_there_once_and_well_formed() -> None:
    rows = catalogue()
    assert len(rows) == 240 and sum(row.seen for row in rows.values()) == 233
    for code, row in rows.items():
        assert row.code == code and row.use_case and row.title
        assert set(row.family.split("+")) <= ({"DLMS", "GBZ", "ASN.1"} if row.seen else {""})
        assert row.replay_checked in ("", "yes" if row.critical else "assumed"), row
        assert set(row.originators) <= {*ROLE_NAMES, "PPMID"}
    alerts = [row for row in rows.values() if not row.replay_checked]
    assert len(alerts) == 29 and not any(row.originators for row in alerts)


def test_the_codes_with_a_header_time_are_exactly_those_listed() -> None:
    listed = {int(text, 16) for text in HEADER_TIME.split()}
    assert {code for code in range(0x10000) if carries_header_time(code)} == listed
    assert {row.code for row in catalogue().values() if row.header_date_time} == listed


@pytest.mark.parametrize(
    ("use_case", "code", "srv", "roles", "sensitive", "schedulable_5_1", "schedulable_5_4"),
    [
        ("ECS17a", 0x0026, "4.2", "NO ACB", False, False, True),
        ("ECS17b", 0x0027, "4.1.1", "S NO", True, False, False),
        ("ECS21a", 0x0033, "4.6.1", "S ACB", True, True, True),
        ("ECS21c", 0x0035, "4.6.2", "ACB", False, True, True),
        ("ECS22a", 0x0036, "4.8.3", "NO ACB", False, True, True),
        ("ECS22b", 0x0037, "4.8.1", "S NO ACB", True, True, True),
        ("ECS66", 0x0060, "4.17", "S NO ACB", True, True, True),
    ],
)
def test_the_seven_settlement_use_cases(
    use_case: str, code: int, srv: str, roles: str, sensitive: bool, schedulable_5_1: bool, schedulable_5_4: bool
) -> None:
    row = by_use_case(use_case)
    short = {
        "S": RemotePartyRole.SUPPLIER,
        "NO": RemotePartyRole.NETWORK_OPERATOR,
        "ACB": RemotePartyRole.ACCESS_CONTROL_BROKER,
    }
    assert (row.code, row.srvs, row.mhhs, row.critical) == (code, (srv,), True, False)
    assert row.roles == {short[name] for name in roles.split()}
    assert row.sensitive is sensitive
    assert dict(row.schedulable) == {"5.1": schedulable_5_1, "5.4": schedulable_5_4}
    assert by_srv(srv) is row and by_code(code) is row and find(code) is row


def test_there_are_seven_of_them_in_order() -> None:
    assert [row.use_case for row in mhhs()] == ["ECS17a", "ECS17b", "ECS21a", "ECS21c", "ECS22a", "ECS22b", "ECS66"]
    assert not any(row.roles or row.schedulable for row in catalogue().values() if not row.mhhs)


def test_what_is_unknown_is_named() -> None:
    with pytest.raises(RemoteError, match="BEEF"):
        by_code(0xBEEF)
    assert find(0xBEEF) is None
    with pytest.raises(LocalError, match="ECS99"):
        by_use_case("ECS99")
    with pytest.raises(LocalError, match=r"4\.8\.2.*4\.8\.1"):
        by_srv("4.8.2")


def test_rows_are_values() -> None:
    row = by_use_case("ECS22b")
    assert len({row, by_code(0x0037)}) == 1
    with pytest.raises(FrozenInstanceError):
        row.critical = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        row.schedulable["5.1"] = False  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogue()[1] = row  # type: ignore[index]


def test_every_reference_message_is_as_its_row_says() -> None:
    keys = KeyStore.read(rtds_home() / "keystore")
    count = 0
    for message in messages():
        row, count = by_code(message.message_code), count + 1
        assert bool(message.date_time) == (message.cra == Cra.RESPONSE and row.header_date_time), row
        if message.cra == Cra.COMMAND:
            assert_command_fits(message, row, keys)
        elif message.cra == Cra.ALERT:
            assert bool(message.signature) == row.critical, row
            assert row.replay_checked == ""
    assert count == 1014


def assert_command_fits(message: Message, row: UseCase, keys: KeyStore) -> None:
    """Originator, category and home-only flag."""
    if is_han_only(row.code):
        assert keys.certificate_role(message.originator) is None
        return
    roles = {ROLE_NAMES[name] for name in row.originators}
    assert keys.certificate_role(message.originator) in roles, (row, message.originator.hex())
    if row.critical and row.code not in UNSIGNED_THOUGH_CRITICAL:
        assert message.is_precommand or message.signature, row
    if not row.critical and message.mac is not None:
        assert not message.signature, row
