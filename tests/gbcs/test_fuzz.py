"""No input of any bytes raises anything but the package's own errors, through every door that bytes can take."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
import vectors
import worked_example as example
from hypothesis import given
from hypothesis import strategies as st
from mutations import mutated
from one_meter import ACB, KEYS, METER, SUPPLIER
from reference_set import reference_messages

import gbcs
from gbcs.errors import GbcsError, RemoteError
from gbcs.framing import Message, OtherInformation

SAMPLES = (*vectors.messages(), *vectors.blocks())
CONTENTS = tuple(gbcs.decode(data).content for data in vectors.messages())
OUTER_SHARE = 0.5
"""The rest of the messages is changed in its payload only, inside lengths that fit, so that payload decoders see it."""


def doors(data: bytes) -> tuple[Callable[[], object], ...]:
    return (
        lambda: gbcs.decode_gbt_block(data),
        lambda: gbcs.decode_payload(data),
        lambda: gbcs.verify(data, KEYS),
        lambda: gbcs.open(data, KEYS),  # frame, payload and what is encrypted in it
    )


def outcome(door: Callable[[], object]) -> str:
    """The class of the package's own error, or "passed". Any other error is the test's failure."""
    try:
        door()
    except GbcsError as error:
        return type(error).__name__
    return "passed"


def mutilated(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < OUTER_SHARE:
        return mutated(chance, chance.choice(SAMPLES), SAMPLES)
    if kind < 0.95:
        message = gbcs.decode(chance.choice(vectors.messages()))
        return replace(message, content=mutated(chance, message.content, CONTENTS)).encode()
    return chance.choice((b"\xdd\x00", b"\xdf\x09", b"\xdd\x09", b"")) + chance.randbytes(chance.randrange(200))


def fuzz(count: int, seed: str) -> Counter[str]:
    chance, outcomes = random.Random(seed), Counter[str]()
    for _ in range(count):
        for door in doors(mutilated(chance)):
            outcomes[outcome(door)] += 1
    return outcomes


def test_100_000_mutilated_messages_raise_the_packages_own_errors_only() -> None:
    outcomes = fuzz(100_000, "fuzz")
    assert set(outcomes) <= {"passed", "DecodeError", "AuthenticationError", "KeyUnavailable"}
    assert outcomes["DecodeError"] > 100_000 and outcomes["passed"] > 25_000 and outcomes["AuthenticationError"] > 1_000


def test_mutilated_reference_messages_do_so_too() -> None:
    messages = [gbcs.decode(data) for data in reference_messages()]
    contents, chance, outcomes = [message.content for message in messages], random.Random("reference"), Counter[str]()
    for _ in range(10_000):
        message = chance.choice(messages)
        changed = replace(message, content=mutated(chance, message.content, contents)).encode()
        outcomes.update(outcome(door) for door in doors(changed))
    assert outcomes["DecodeError"] > 10_000 and outcomes["passed"] > 10_000


@pytest.mark.long
def test_a_million_more_do_so_too() -> None:
    assert fuzz(1_000_000, "long fuzz").total() == 4_000_000


@given(st.binary(max_size=400))
def test_noise_is_refused_by_name(noise: bytes) -> None:
    for door in doors(noise):
        outcome(door)
    with pytest.raises(RemoteError):
        gbcs.decode(noise)


@given(st.binary(max_size=300))
def test_any_content_is_decoded_to_itself_or_refused(content: bytes) -> None:
    message = Message(2, 1, METER, SUPPLIER, b"", OtherInformation(0x37), content)
    decoded = gbcs.decode(gbcs.seal(message, KEYS, ACB))
    assert decoded.content == content
    if outcome(lambda: gbcs.decode_payload(content)) == "passed":
        assert gbcs.encode_payload(gbcs.decode_payload(content)) == content


@given(st.binary(max_size=60), st.integers(0, 40))
def test_changed_ciphertext_and_plaintext_are_refused_by_name(noise: bytes, at: int) -> None:
    header = b"\x31\x00\x00\x00\x00"
    own = (data for data in vectors.messages() if header in data and example.REMOTE not in data)
    response = gbcs.decode(next(own))
    content = response.content
    blob = content.rindex(header)
    end = blob + content[blob - 1]  # a short form length stands before the blob
    changed = content[: blob + at] + noise + content[blob + at + len(noise) :]
    opened = outcome(lambda: gbcs.open(replace(response, content=changed), KEYS))
    if changed == content:
        assert opened == "passed"
    elif changed[blob:end] != content[blob:end]:
        assert opened != "passed"
