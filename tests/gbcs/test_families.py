"""Every payload family: what decodes is built again to the same bytes, and nothing raises but our own errors."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

import payload_samples
import pytest
import vectors
from mutations import mutated
from one_meter import KEYS
from reference_set import reference_messages

import gbcs
from gbcs.coverage import without_fields
from gbcs.errors import DecodeError, GbcsError
from gbcs.framing import Message
from gbcs.payload import family
from tools.describe import message as describe
from tools.rebuild import rebuild

SAMPLES = (*payload_samples.messages(), *map(gbcs.decode, vectors.messages()))


def rebuilt(message: Message) -> str:
    """The family of a message whose payload came back the same, as value and through JSON; "refused" for none."""
    plain = json.loads(json.dumps(describe(message), allow_nan=False))
    assert rebuild(plain).data == message.encode()
    try:
        payload = gbcs.message_payload(message)
    except DecodeError:
        assert "bytes" in plain["payload"]
        return "refused"
    assert gbcs.encode_payload(payload) == message.content
    return family(payload)


def mutate_all(messages: list[Message], count: int, seed: str) -> Counter[str]:
    contents = [message.content for message in messages]
    chance, seen = random.Random(seed), Counter[str]()
    for _ in range(count):
        message = chance.choice(messages)
        seen[rebuilt(replace(message, content=mutated(chance, message.content, contents)))] += 1
    return seen


def test_every_sample_comes_back() -> None:
    families = Counter(map(rebuilt, payload_samples.messages()))
    assert families == {"GBZ": 10, "ASN.1": 14, "DLMS": 4}


def test_what_decodes_of_mutated_messages_comes_back_and_the_rest_is_refused() -> None:
    seen = mutate_all(list(SAMPLES), 6_000, "families")
    assert min(seen[name] for name in ("GBZ", "ASN.1", "DLMS", "refused")) > 50


def test_mutated_reference_messages_of_all_families_too() -> None:
    seen = mutate_all([gbcs.decode(data) for data in reference_messages()], 3_000, "reference families")
    assert min(seen[name] for name in ("GBZ", "ASN.1", "DLMS", "refused")) > 50


@pytest.mark.long
def test_a_million_mutated_messages_raise_the_packages_own_errors_only() -> None:
    messages = [*SAMPLES, *(gbcs.decode(data) for data in reference_messages())]
    contents = [message.content for message in messages]
    chance, outcomes = random.Random("long families"), Counter[str]()
    for _ in range(1_000_000):
        message = chance.choice(messages)
        changed = replace(message, content=mutated(chance, message.content, contents))
        try:
            outcomes[family(gbcs.open(changed, KEYS).payload)] += 1
        except GbcsError as error:
            outcomes[type(error).__name__] += 1
    assert outcomes.total() == 1_000_000 and outcomes["DecodeError"] > 100_000


def test_every_reference_payload_is_decoded_to_the_field_and_built_from_its_values() -> None:
    messages = [gbcs.decode(data) for data in reference_messages()]
    kept = Counter[str]()
    for message in messages:
        payload = gbcs.message_payload(message)
        assert gbcs.encode_payload(payload) == message.content
        kept.update(without_fields(gbcs.Opened(message, payload, ())))
    assert {reason for reason in kept if "encrypted" not in reason} == set()


def test_memory_does_not_grow_with_deep_or_long_payloads() -> None:
    for deep in (b"\x30\x80" * 4000, b"\x02\x01" * 4000, b"\x30\x84\x7f\xff\xff\xff", b"\x01\x09\xff" + bytes(40)):
        with pytest.raises(DecodeError):
            gbcs.decode_payload(deep)
    nested = b""
    for _ in range(30):
        nested = payload_samples.tlv(0x30, nested, octets=2)
    with pytest.raises(DecodeError, match="nested more than"):
        gbcs.decode_payload(nested)
