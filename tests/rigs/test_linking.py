"""From a rig file to a link that carries messages, and who asks over it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gfi_line import BROKER, METER, command, hosted
from rig_files import rig

from gbcs import eui64
from gbcs.errors import LocalError
from gbcs.keystore import KeyStore
from gbcs.roles import RemotePartyRole
from gbcs.seeded import SeededKeyStore
from rigs.errors import PortLost
from rigs.link import MessageLink
from rigs.linking import link_over, open_link
from rigs.ports.opening import open_port
from rigs.users import broker_of, plain_question, users_of

DEVICE = {"kind": "esme", "eui64": eui64.show(METER), "keys": "keys"}


def test_a_gfi_rig_carries_messages_over_its_port_or_one_that_is_open(tmp_path: Path) -> None:
    async def answer(link: MessageLink) -> bytes:
        try:
            assert link.peer == METER
            await link.send(sent.command)
            return await link.receive()
        finally:
            await link.close()

    async def both() -> list[bytes]:
        async with hosted("pty:") as listener:
            url = listener.address.removeprefix("pty:")
            here, elsewhere = (rig(tmp_path, port=port, device=DEVICE) for port in (url, "socket://127.0.0.1:1"))
            return [await answer(await open_link(here)), await answer(await link_over(elsewhere, await open_port(url)))]

    sent = command()
    for one in asyncio.run(both()):
        rows = BROKER.open(one, sent).rows
        assert rows is not None and len(rows) == 48


def test_a_port_that_is_not_there_is_lost(tmp_path: Path) -> None:
    with pytest.raises(PortLost, match="nothing of that name is plugged in"):
        asyncio.run(open_link(rig(tmp_path, port=str(tmp_path / "none"), device=DEVICE)))


def test_a_smets1_meter_takes_no_gbcs_messages(tmp_path: Path) -> None:
    device, link = {"kind": "smets1", "dialect": "smets1-dlms"}, {"kind": "dialect", "port": "socket://127.0.0.1:1"}
    with pytest.raises(LocalError, match="no GBCS messages reach a device of kind 'smets1'"):
        asyncio.run(link_over(rig(tmp_path, device=device, link=link), None))  # type: ignore[arg-type]


def test_users_are_found_by_the_role_of_their_certificates() -> None:
    supplier, second, operator, export, retriever, acb = (bytes.fromhex(f"024d46f0000{n}0001") for n in range(1, 7))
    roles = {
        retriever: RemotePartyRole.OTHER,
        second: RemotePartyRole.SUPPLIER,
        supplier: RemotePartyRole.SUPPLIER,
        export: RemotePartyRole.OTHER,
        operator: RemotePartyRole.NETWORK_OPERATOR,
        acb: RemotePartyRole.ACCESS_CONTROL_BROKER,
    }
    keys = SeededKeyStore(1, roles)
    assert users_of(keys) == {"IS": supplier, "NO": operator, "ES": export, "MDR": retriever}
    assert broker_of(keys) == acb


def test_a_folder_without_users_or_broker_says_so() -> None:
    with pytest.raises(LocalError, match="nobody could ask"):
        users_of(KeyStore())
    with pytest.raises(LocalError, match="no certificate of an access control broker"):
        broker_of(KeyStore())


def test_the_plain_question_is_one_that_a_user_may_ask() -> None:
    one, other = (bytes.fromhex(f"024d46f0000{n}0001") for n in (1, 2))
    assert plain_question({"MDR": one, "IS": other}, 5000.0) == ("ECS17b", "IS", None)
    assert plain_question({"NO": one}, 5000.0) == ("ECS17b", "NO", None)
    assert plain_question({"MDR": one}, 5000.0) == ("ECS22b", "MDR", (1800, 1800))
