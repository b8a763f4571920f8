"""Measuring on one processor and on two, interrupted, and with a codec that loses something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from compression_traffic import exchanges
from processes import running

from emulator.compression.codec import Codec, Link
from emulator.compression.corpus import Conversation, Sample
from tools.compression import known
from tools.compression.engine import measure_all
from tools.compression.reading import ReadBlock
from tools.compression.tally import Key, Measured
from tools.outcome import NotMet

CODECS = ("header_context", "lz4")


def counted(measured: Measured) -> dict[Key, tuple[int, int, int]]:
    return {key: (tally.n, tally.raw_bytes, tally.sent_bytes) for key, tally in measured.tallies.items()}


def traffic() -> list[Conversation]:
    """Two hubs' conversations."""
    found: dict[bytes, Conversation] = {}
    for one in exchanges(1, 60, "milliseconds", devices=2):
        conversation = found.setdefault(one.hub, Conversation(one.hub))
        for direction, message in (("down", one.command), ("up", one.response)):
            conversation.samples.append(Sample(direction, one.name, "", "", message))  # type: ignore[arg-type]
    return list(found.values())


def test_one_process_and_two_measure_the_same() -> None:
    blocks = [ReadBlock((conversation,), ()) for conversation in traffic()]
    steps = list[int]()
    one, two = (measure_all(blocks, CODECS, workers, steps.append) for workers in (1, 2))
    assert one.is_complete and two.is_complete and len(steps) == 4
    assert counted(one.measured) == counted(two.measured) and len(counted(one.measured)) > 20


@dataclass(frozen=True, slots=True)
class Given:
    """A block of one conversation; ``interrupts`` as Ctrl-C does."""

    messages: int = 1
    interrupts: bool = False

    def conversations(self) -> Sequence[Conversation]:
        if self.interrupts:
            raise KeyboardInterrupt
        return [Conversation(bytes(8), samples=[Sample("down", "ECS22b", "supplier", "single", b"message")])]

    def training(self) -> Sequence[Conversation]:
        return ()


def test_ctrl_c_keeps_what_was_done() -> None:
    outcome = measure_all([Given(), Given(), Given(interrupts=True), Given()], ("lz4",), 1, lambda _: None)
    assert not outcome.is_complete and outcome.codecs == ("lz4",)
    assert outcome.measured.messages == 2


def test_ctrl_c_while_processes_start_is_one_line(tmp_path: Path) -> None:
    with running("compress", "--devices", "40", "--workers", "2", "--into", str(tmp_path)) as process:
        process.wait_for("^measuring")
        assert process.interrupt_group() == 130
        process.wait_for("^interrupted$")


class Forgetful:
    """Loses the last byte."""

    name = "forgetful"

    def compress(self, message: bytes, link: Link) -> bytes:
        return message[:-1]

    def expand(self, data: bytes, link: Link) -> bytes:
        return data

    def refresh(self, link: Link) -> None: ...

    def restart(self) -> None: ...


def test_a_codec_that_loses_something_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: tuple[Codec, Codec] = (Forgetful(), Forgetful())
    monkeypatch.setitem(known.PEERS, "forgetful", lambda _: ends)  # type: ignore[arg-type]
    with pytest.raises(NotMet, match="forgetful does not give back a message of 7 bytes"):
        measure_all([Given()], ("forgetful",), 1, lambda _: None)
