"""Permissions by GBCS version, and the remote party roles."""

from __future__ import annotations

import pytest

from gbcs.catalogue import by_use_case, catalogue, mhhs
from gbcs.errors import LocalError
from gbcs.roles import CATALOGUE_NAMES, RemotePartyRole
from gbcs.versions import permitted, versions

ACB = RemotePartyRole.ACCESS_CONTROL_BROKER


def test_the_proposal_changes_one_permission_and_nothing_else() -> None:
    differences = {
        (row.use_case, role)
        for row in catalogue().values()
        for role in RemotePartyRole
        if permitted(row, role, "4.3") != permitted(row, role, "4.3+MP162")
    }
    assert differences == {("ECS17b", ACB)}
    assert permitted(by_use_case("ECS17b"), ACB, "4.3+MP162")


def test_published_permissions_are_those_of_the_catalogue() -> None:
    for row in mhhs():
        assert {role for role in RemotePartyRole if permitted(row, role, "4.3")} == row.roles


def test_an_unknown_version_is_named() -> None:
    assert set(versions()) == {"4.3", "4.3+MP162"}
    with pytest.raises(LocalError, match=r"'9\.9'.*4\.3\+MP162"):
        permitted(by_use_case("ECS17b"), ACB, "9.9")


def test_roles_are_numbers_and_two_digits_in_the_ou() -> None:
    assert [(int(role), role.ou) for role in RemotePartyRole] == [
        (1, "01"), (2, "02"), (3, "03"), (4, "04"), (5, "05"), (6, "06"), (7, "07"), (8, "08"), (127, "7F")
    ]  # fmt: skip
    assert all(RemotePartyRole.from_ou(role.ou) is role for role in RemotePartyRole)
    assert RemotePartyRole.from_ou("7f") is RemotePartyRole.OTHER
    for text in ("", "2", "127", "09", "0x2", " 02"):
        with pytest.raises(ValueError, match="OU"):
            RemotePartyRole.from_ou(text)
    assert CATALOGUE_NAMES["accessControlBroker"] is ACB
