"""Templates are the fast twin of the declarations: held equal to them, and never more lenient."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_meter import ACB, DAY, KEYS, MDR, OPERATOR, SUPPLIER

from gbcs import framing
from gbcs.catalogue import by_use_case
from gbcs.dlms import AccessRequest
from gbcs.dlms.access import invoke_id
from gbcs.framing import MAC_SIZE, Cra, Message, OtherInformation
from gbcs.payload import decode_payload, encode_payload
from gbcs.read_templates import MessageTemplate, command_template
from gbcs.reads import read_request
from gbcs.template import learn

OCTETS = st.binary(min_size=8, max_size=8)
Reads = [
    ("ECS17a", OPERATOR, None), ("ECS17a", ACB, MDR), ("ECS17b", SUPPLIER, None), ("ECS21a", SUPPLIER, None),
    ("ECS21a", ACB, MDR), ("ECS21c", ACB, MDR), ("ECS22a", OPERATOR, None), ("ECS22a", ACB, MDR),
    ("ECS22b", SUPPLIER, None), ("ECS22b", ACB, MDR), ("ECS66", SUPPLIER, None),
]  # fmt: skip


def built(use_case: str, originator: bytes, party: bytes | None, counter: int, device: bytes, their: int) -> Message:
    """A command as the declarations have it, without a MAC yet."""
    row = by_use_case(use_case)
    bounds = (None, None) if use_case.startswith("ECS17") else (DAY + 1800, DAY + 86400)
    request = read_request(use_case, counter, party or originator, device, *bounds)
    other = OtherInformation(row.code)
    if party is not None:
        certificate = KEYS.ka_certificate(party) if row.sensitive else None
        other = OtherInformation(row.code, party, their, certificate=certificate)
    return Message(Cra.COMMAND, counter, originator, device, b"", other, encode_payload(request))


def unsealed(message: Message) -> bytes:
    return framing.with_mac(framing.authenticated_part(message), bytes(MAC_SIZE))[:-MAC_SIZE]


def template_of(use_case: str, originator: bytes, party: bytes | None) -> MessageTemplate:
    message = built(use_case, originator, party, 7, bytes(8), 9)
    request = decode_payload(message.content)
    assert isinstance(request, AccessRequest)
    found = command_template(message, request)
    assert found is not None
    return found


@pytest.mark.parametrize(("use_case", "originator", "party"), Reads)
def test_every_settlement_command_has_a_template_that_equals_the_declaration(
    use_case: str, originator: bytes, party: bytes | None
) -> None:
    known = template_of(use_case, originator, party)

    @given(OCTETS, OCTETS, OCTETS)
    def holds(counter: bytes, device: bytes, their: bytes) -> None:
        fields = (counter, device, their) if party is not None else (counter, device)
        message = built(
            use_case, originator, party, int.from_bytes(counter, "big"), device, int.from_bytes(their, "big")
        )
        data = unsealed(message)
        assert known.template.fill(*fields) == data
        assert known.template.match(data) == fields
        assert framing.decode(data + bytes(MAC_SIZE)).content == message.content
        assert data[known.covered_at :] == framing.authenticated_part(message)

    holds()


@pytest.mark.parametrize(("use_case", "originator", "party"), Reads)
def test_a_message_that_differs_in_one_bit_outside_the_holes_is_not_matched(
    use_case: str, originator: bytes, party: bytes | None
) -> None:
    """Whatever is matched is a message that the template writes itself."""
    known = template_of(use_case, originator, party)
    data = unsealed(built(use_case, originator, party, 7, b"\x01" * 8, 9))
    matched = 0
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        values = known.template.match(bytes(changed))
        if values is not None:
            matched += 1
            assert known.template.fill(*values) == bytes(changed)
    holes = {"ECS17a": 2, "ECS22a": 2, "ECS21c": 2}.get(use_case, 2)
    assert matched <= 8 * 8 * (holes + (party is not None))
    assert known.template.match(data[:-1]) is None and known.template.match(data + b"\x00") is None


def test_the_invoke_id_has_to_be_that_of_the_counter() -> None:
    known = template_of("ECS22b", SUPPLIER, None)
    data = unsealed(built("ECS22b", SUPPLIER, None, 7, b"\x01" * 8, 0))
    assert data.count(invoke_id(7).to_bytes(4, "big")) == 1
    assert known.template.match(data.replace(invoke_id(7).to_bytes(4, "big"), invoke_id(8).to_bytes(4, "big"))) is None


def constant(values: dict[str, bytes]) -> bytes:
    return b"no field at all"


def hidden(values: dict[str, bytes]) -> bytes:
    return b"head" + bytes(octet ^ 1 for octet in values["counter"])


def fickle(values: dict[str, bytes]) -> bytes:
    return b"head" + values["counter"] + bytes((values["counter"][0] & 1,))


@pytest.mark.parametrize("reference", [constant, hidden, fickle])
def test_what_cannot_be_told_has_no_template(reference: Callable[[dict[str, bytes]], bytes]) -> None:
    assert learn(reference, {"counter": 8}) is None


def test_fields_too_short_to_be_found_have_no_template() -> None:
    assert learn(lambda values: b"x" + values["a"], {"a": 2}) is None
