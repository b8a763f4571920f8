"""Compiled declarations equal Construct's own interpretation: on vectors, on their mutations, on what is made up."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import vectors
from construct import ConstructError, Int8ub, VarInt
from hypothesis import given
from hypothesis import strategies as st
from interpreted import interpret
from mutations import mutated

from gbcs.declare import AnyConstruct, Record, Sized
from gbcs.dlms.access import ACCESS_REQUEST, ACCESS_RESPONSE
from gbcs.dlms.data import DATA
from gbcs.dlms.notification import DATA_NOTIFICATION
from gbcs.errors import DecodeError, LocalError
from gbcs.framing import BARE_MESSAGE, GBT_BLOCK, MACD_MESSAGE, Message, decode
from gbcs.fuse import fuse

MUTATIONS_OF_EACH = 150

CONTENTS = tuple(decode(data).content for data in vectors.messages())
SAMPLES: dict[str, tuple[AnyConstruct, tuple[bytes, ...]]] = {
    "MAC'd": (MACD_MESSAGE, tuple(data for data in vectors.messages() if data[0] == 0xDD)),
    "bare": (BARE_MESSAGE, tuple(data for data in vectors.messages() if data[0] == 0xDF)),
    "block": (GBT_BLOCK, vectors.blocks()),
    "request": (ACCESS_REQUEST, tuple(data for data in CONTENTS if data[0] == 0xD9)),
    "response": (ACCESS_RESPONSE, tuple(data for data in CONTENTS if data[0] == 0xDA)),
    "notification": (DATA_NOTIFICATION, tuple(data for data in CONTENTS if data[0] == 0x0F)),
}
FUSED = {name: fuse(declaration, name) for name, (declaration, _) in SAMPLES.items()}


def agree(name: str, data: bytes) -> bool:
    """Both readings give the same value, or both refuse; whether they gave one."""
    declaration = SAMPLES[name][0]
    try:
        value = FUSED[name].parse(data)
    except DecodeError:
        with pytest.raises(ConstructError):
            interpret(declaration, data)
        return False
    assert interpret(declaration, data) == value
    assert FUSED[name].build(value) == declaration.build(value) == data
    return True


@pytest.mark.parametrize("name", SAMPLES)
def test_both_read_and_build_every_vector(name: str) -> None:
    samples = SAMPLES[name][1]
    assert samples and all(agree(name, data) for data in samples)


@pytest.mark.parametrize("name", SAMPLES)
def test_both_agree_on_every_vector_mutated(name: str) -> None:
    chance, samples = random.Random(f"fuse {name}"), SAMPLES[name][1]
    verdicts = [
        agree(name, mutated(chance, data, vectors.messages())) for data in samples for _ in range(MUTATIONS_OF_EACH)
    ]
    assert not all(verdicts)


@pytest.mark.parametrize("name", SAMPLES)
def test_both_refuse_every_vector_cut_short_or_continued(name: str) -> None:
    shortest = min(SAMPLES[name][1], key=len)
    read = [at for at in range(len(shortest)) if agree(name, shortest[:at])]
    # a bare message without its signature field is a message of its own, a pre-command
    assert len(read) <= (name == "bare")
    assert not agree(name, shortest + b"\x00") or name == "bare"


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=80))
def test_both_agree_on_noise_behind_a_good_start(name: str, noise: bytes) -> None:
    start = SAMPLES[name][1][0]
    agree(name, start[: len(noise)] + noise)


@pytest.mark.parametrize("depth", [1, 22, 23, 24, 25, 40])
def test_both_follow_nested_data_equally_deep(depth: int) -> None:
    fused, nested = fuse(DATA, "data"), b"\x02\x01" * depth + b"\x00"
    if depth < 24:
        assert fused.parse(nested) == interpret(DATA, nested)
        return
    with pytest.raises(DecodeError, match="deep"):
        fused.parse(nested)
    with pytest.raises(ConstructError):
        interpret(DATA, nested)


def test_an_error_says_where_and_what() -> None:
    data = SAMPLES["MAC'd"][1][0]
    with pytest.raises(DecodeError) as caught:
        FUSED["MAC'd"].parse(data[:30])
    assert caught.value.offset is not None and caught.value.offset <= 30
    wrong_constant = data[:20].replace(b"\xdf\x09", b"\xdf\x0a") + data[20:]
    with pytest.raises(DecodeError, match=r"expected .*09.*, got .*0a") as caught:
        FUSED["MAC'd"].parse(wrong_constant)
    assert wrong_constant[caught.value.offset or 0 :][:1] in (b"\x11", b"\x0a", b"\xdf")


@pytest.mark.parametrize("value", [None, 7, "text", object()])
def test_a_value_of_another_class_is_a_local_error(value: object) -> None:
    with pytest.raises(LocalError, match="cannot be encoded"):
        FUSED["MAC'd"].build(value)


def test_what_the_compiler_does_not_know_is_refused_when_it_compiles() -> None:
    unknown: Sequence[AnyConstruct] = (VarInt, Sized(VarInt))
    for declaration in unknown:
        with pytest.raises(TypeError, match="cannot be fused"):
            fuse(declaration, "nothing")


def test_a_record_names_only_attributes_of_its_class() -> None:
    with pytest.raises(TypeError, match=r"no attributes.*colour"):
        Record(Message, "colour" / Int8ub)


def test_the_generated_source_can_be_read() -> None:
    assert FUSED["bare"].source.count("def ") >= 2
    compile(FUSED["bare"].source, "source", "exec")
