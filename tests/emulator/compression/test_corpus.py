"""The made corpus: real messages, the same from the same seed, and coded payloads that come back."""

from __future__ import annotations

from functools import cache

from emulator.compression.corpus import Conversation, MadeBlock, made_corpus
from emulator.compression.corpus.coded import plaintext_of
from emulator.compression.corpus.made import _keys
from emulator.compression.floor import floor_bytes
from gbcs.framing import decode
from gbcs.security import verify

SEED = 3


@cache
def conversations() -> tuple[Conversation, ...]:
    return tuple(MadeBlock(SEED, 0, 2).conversations())


def test_the_same_seed_makes_the_same_bytes() -> None:
    again = MadeBlock(SEED, 0, 2).conversations()
    assert [one.samples for one in again] == [one.samples for one in conversations()]
    other = MadeBlock(SEED + 1, 0, 2).conversations()
    assert [one.samples for one in other] != [one.samples for one in conversations()]


def test_every_message_verifies_with_its_keys() -> None:
    for one in conversations():
        for sample in (*one.before, *one.samples):
            assert verify(sample.data, _keys(SEED)).ok


def test_every_command_has_its_answer_and_counters_are_time_stamps() -> None:
    for one in conversations():
        assert [sample.direction for sample in one.samples] == ["down", "up"] * (len(one.samples) // 2)
        counters = [decode(sample.data).originator_counter for sample in (*one.before, *one.samples)]
        assert min(counters) > 800_000_000_000
        assert max(counters) - min(counters) > 2 * 86_400_000


def test_coded_payloads_verify_and_decode_to_what_was_encrypted() -> None:
    keys, shorter = _keys(SEED), 0
    for one in conversations():
        for sample in one.samples:
            assert sample.coded is not None
            if sample.direction == "up" and sample.coded != sample.data:
                assert verify(sample.coded, keys).ok
                plain = plaintext_of(sample.data, keys, is_coded=False)
                assert plaintext_of(sample.coded, keys, is_coded=True) == plain
                shorter += len(sample.coded) < len(sample.data)
    assert shorter > 20


def test_training_devices_are_in_no_block() -> None:
    block = made_corpus(300, SEED)[0]
    hubs = {one.hub for one in block.training()}
    assert hubs and hubs.isdisjoint(one.hub for one in conversations())
    assert max(part.first + part.count for part in made_corpus(300, SEED)) == 300


def test_the_floor_is_ciphertext_tag_and_mac() -> None:
    single = next(one for one in conversations() if one.samples[0].kind == "single")
    answers = [sample for sample in single.samples if sample.direction == "up"]
    floors = {(answer.use_case, answer.role): floor_bytes(answer.data, "up") for answer in answers}
    assert floors["ECS22b", "supplier"] == 394 + 12 + 12
    assert floors["ECS22a", "MDR"] == 12
    assert floor_bytes(b"", "up") == 0
