from __future__ import annotations

import pytest
from one_meter import ACB, KEYS, MDR, METER, SUPPLIER, Asker

from emulator.external import Inspector
from gbcs.framing import Cra
from gbcs.security import Check
from gbcs.seeded import SeededKeyStore

NOW = 850_000_000.0


@pytest.fixture
def inspector() -> Inspector:
    return Inspector({METER: KEYS}, ACB, "4.3")


def test_a_right_command_holds(inspector: Inspector) -> None:
    found = inspector.inspect(Asker().command("ECS22b"), NOW)
    assert found.problems == [] and found.use_case == "ECS22b" and found.mac is Check.VERIFIED
    assert (found.device, found.originator) == (METER, SUPPLIER)
    assert inspector.inspect(Asker(counter=2000).command("ECS22b", party=MDR), NOW).problems == []


def test_the_same_bytes_are_a_resend_and_other_bytes_a_replay(inspector: Inspector) -> None:
    asker = Asker()
    first = asker.command("ECS17b")
    assert inspector.inspect(first, NOW).problems == inspector.inspect(first, NOW + 1).problems == []
    asker.counter -= 1
    assert "was used before, for other bytes" in inspector.inspect(asker.command("ECS66"), NOW).problems[0]


def test_counters_only_rise(inspector: Inspector) -> None:
    inspector.inspect(Asker(counter=500).command("ECS17b"), NOW)
    assert "counter 401 is below 501" in inspector.inspect(Asker(counter=400).command("ECS17b"), NOW).problems[0]


def test_what_is_not_authentic_uses_no_counter(inspector: Inspector) -> None:
    command = Asker(counter=9000).command("ECS17b")
    found = inspector.inspect(command[:-1] + bytes((command[-1] ^ 1,)), NOW)
    assert found.mac is Check.FAILED and "the MAC is not that of" in found.problems[0]
    assert inspector.inspect(Asker(counter=100).command("ECS17b"), NOW).problems == []


def test_permission_device_and_kind_of_message(inspector: Inspector) -> None:
    assert inspector.inspect(Asker().command("ECS17a", originator=SUPPLIER), NOW).problems == [
        "ECS17a is not permitted to role supplier"
    ]
    assert "is no device of this run" in inspector.inspect(Asker(recipient=MDR).command("ECS17b"), NOW).problems[0]
    assert inspector.inspect(Asker().changed("ECS17b", cra=Cra.RESPONSE), NOW).problems == ["not a command"]
    assert "no GBCS message" in inspector.inspect(b"GET / HTTP/1.1", NOW).problems[0]


def test_a_stranger_is_named() -> None:
    found = Inspector({METER: SeededKeyStore(11, {ACB: 4})}, ACB, "4.3").inspect(Asker().command("ECS17b"), NOW)  # type: ignore[dict-item]
    assert found.problems == ["the originator is no party of the key store"]
