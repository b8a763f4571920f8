"""What the parties compute and write down for a day."""

from __future__ import annotations

import numpy as np
import pytest

from emulator.capacity.day.model import NETWORK_NAMES, SRVS
from emulator.capacity.day.operations import ENCRYPTED, KINDS, assumptions, log_load, operation_table, party_loads
from emulator.capacity.day.tally import OUTCOMES, Tally, empty
from emulator.capacity.sizes import exchange
from gbcs import framing
from gbcs.dlms import AccessResponse, ProtectedResult
from gbcs.payload import decode_payload


def one_read(srv: str, network: str, commands: int) -> Tally:
    """A read that is answered after so many attempts, all at ten in the morning."""
    tally, place = empty(), NETWORK_NAMES.index(network)
    tally.add("asked", (place, SRVS.index(srv), 3, 0, 10))
    tally.add("outcomes", (place, SRVS.index(srv), 0, OUTCOMES.index("answered")))
    tally.add("answered", (place, 10))
    tally.add("commands", (place, 10), [commands])
    return tally


def loads(tally: Tally) -> dict[tuple[str, str], float]:
    return {(each.party, each.kind): each.per_day for each in party_loads(tally)}


def test_an_encrypted_read_takes_a_key_agreement_more_at_user_and_meter() -> None:
    encrypted, clear = loads(one_read("4.8.1", "csp_north", 1)), loads(one_read("4.8.3", "csp_north", 1))
    assert encrypted["meters", "ecdh"] == clear["meters", "ecdh"] + 1 == 2
    assert encrypted["users", "ecdh"] == clear["users", "ecdh"] + 1 == 1
    assert encrypted["dsp", "ecdh"] == clear["dsp", "ecdh"] == 2


def test_every_attempt_costs_the_broker_a_mac() -> None:
    once, thrice = (loads(one_read("4.8.1", "csp_south", commands)) for commands in (1, 3))
    assert thrice["dsp", "mac"] == once["dsp", "mac"] + 2
    assert thrice["users", "sign"] == once["users", "sign"] == 1


def test_the_dco_has_to_do_with_smets1_alone() -> None:
    assert loads(one_read("4.8.1", "smets1", 1))["dco", "sign"] == 1
    assert loads(one_read("4.8.1", "csp_north", 1))["dco", "sign"] == 0


def test_a_part_of_the_country_counts_for_the_whole() -> None:
    tally = one_read("4.8.1", "csp_north", 1)
    whole = {(each.party, each.kind): each for each in party_loads(tally, 0.25)}
    assert whole["meters", "mac"].per_day == 4 * loads(tally)["meters", "mac"]
    assert whole["meters", "mac"].peak_per_s == pytest.approx(4 * 3 / 3600)
    assert log_load(tally, 0.5).bytes_per_day == 2 * (2000 + 1000)
    assert log_load(tally).bytes_kept == 365 * 3000


@pytest.mark.parametrize("srv", [srv for srv in SRVS if srv != "4.1.1"])
def test_what_is_called_encrypted_is(srv: str) -> None:
    """The answer of a real meter is encrypted or in the clear as the table says."""
    answer = exchange(srv, "MDR").response
    read = decode_payload(framing.decode(answer).content)
    assert isinstance(read, AccessResponse)
    assert any(isinstance(one, ProtectedResult) for one in read.data) == (srv in ENCRYPTED)


def test_every_row_has_its_mark_and_source() -> None:
    table = operation_table()
    assert len(assumptions()) == len(table.operation) + 3
    assert all(any(getattr(row, kind) for kind in KINDS) for row in table.operation)
    assert np.isfinite(log_load(empty()).bytes_per_day)
