"""Every codec of the registry: lossless, bounded, and refusing by name what is none of its data."""

from __future__ import annotations

import lzma
import os

import brotli
import pytest
import zstandard
from compression_traffic import carry, exchanges
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.compression.codec import MAX_EXPANDED_BYTES, RAW, Codec, ContextLost, Link
from emulator.compression.dictionary import Dictionaries, DictionaryCodec, train
from emulator.compression.generic import PACKERS, GenericCodec, unpacked
from emulator.compression.registry import CODECS, make_codec
from gbcs.errors import DecodeError, LocalError, RemoteError

HUB = bytes(7) + b"\x01"
DOWN, UP = Link(HUB, "down"), Link(HUB, "up")


def dictionaries(seed: int = 1) -> Dictionaries:
    made = list(exchanges(seed, 120, "milliseconds"))
    return train({"down": [one.command for one in made], "up": [one.response for one in made]})


KNOWN = dictionaries()


def end(name: str) -> Codec:
    return make_codec(name, KNOWN)


@pytest.mark.parametrize("name", CODECS)
def test_messages_come_back_byte_for_byte(name: str) -> None:
    head, hub = end(name), end(name)
    longest = os.urandom(MAX_EXPANDED_BYTES)
    for one in exchanges(2, 10, "milliseconds", devices=1):
        carry(head, hub, one.command, DOWN)
        carry(hub, head, one.response, UP)
    for message in (b"", b"\x00", b"\xff", b"\xfe", longest, bytes(MAX_EXPANDED_BYTES)):
        carry(head, hub, message, DOWN)


@pytest.mark.parametrize("name", CODECS)
@given(data=st.binary(max_size=120))
@settings(max_examples=60)
def test_foreign_data_are_refused(name: str, data: bytes) -> None:
    codec = end(name)
    try:
        message = codec.expand(data, DOWN)
    except RemoteError:
        return
    assert len(message) <= MAX_EXPANDED_BYTES
    assert data[:1] == RAW or codec.name in PACKERS or codec.name.endswith("stream")


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_refused(name: str) -> None:
    bomb = PACKERS[name].pack(bytes(200_000))
    assert len(bomb) < 30_000
    with pytest.raises(DecodeError):
        GenericCodec(name, PACKERS[name]).expand(b"\x01" + bomb, DOWN)


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("zstd", zstandard.ZstdCompressor(level=1).compress(bytes(50_000_000))[4:]),
        ("brotli", brotli.compress(bytes(50_000_000), quality=1)),
        ("lzma", lzma.compress(bytes(5_000_000), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "preset": 1}])),
    ],
)
def test_a_bomb_that_others_made_is_refused_without_making_room_for_it(name: str, bomb: bytes) -> None:
    with pytest.raises(DecodeError):
        unpacked(PACKERS[name], bomb, MAX_EXPANDED_BYTES)


@pytest.mark.parametrize("name", ["deflate_stream", "zstd_stream"])
def test_a_bomb_in_a_stream_is_refused(name: str) -> None:
    sender, receiver = end(name), end(name)
    data = sender.compress(bytes(120_000), DOWN)
    assert len(data) < 1_000
    with pytest.raises(RemoteError):
        receiver.expand(data, DOWN)


@pytest.mark.parametrize("name", ["deflate_stream", "zstd_stream"])
def test_a_stream_goes_on_only_in_order(name: str) -> None:
    sender, receiver = end(name), end(name)
    made = [one.command for one in exchanges(4, 4, "small", devices=1)]
    data = [sender.compress(message, DOWN) for message in made]
    assert receiver.expand(data[0], DOWN) == made[0]
    with pytest.raises(ContextLost):
        receiver.expand(data[2], DOWN)
    sender.refresh(DOWN)
    assert receiver.expand(sender.compress(made[3], DOWN), DOWN) == made[3]


def test_another_dictionary_is_noticed() -> None:
    sender, receiver = DictionaryCodec(KNOWN), DictionaryCodec(dictionaries(9))
    refused = 0
    for one in exchanges(5, 20, "small"):
        data = sender.compress(one.command, DOWN)
        with pytest.raises(RemoteError):
            receiver.expand(data, DOWN)
        refused += 1
    assert refused == 20


def test_too_few_samples_are_said_so() -> None:
    with pytest.raises(LocalError, match="too few"):
        train({"down": [b"one"], "up": []})


def test_an_unknown_codec_is_named_with_what_is_allowed() -> None:
    with pytest.raises(LocalError, match=r"'gzip' is not known \(allowed: header_context, "):
        make_codec("gzip")
    with pytest.raises(LocalError, match="needs dictionaries"):
        make_codec("zstd_dictionary")
