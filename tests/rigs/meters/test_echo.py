"""A probe that hands back what we send: its echo goes, every other byte stays."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rigs.meters.echo import EchoFreePort
from rigs.ports.port import LineSettings


class Pieces:
    """A port that reads what it is given, piece by piece."""

    url = "pieces"

    def __init__(self) -> None:
        self.coming: deque[bytes] = deque()

    async def read(self, size: int = 65_536) -> bytes:
        return self.coming.popleft()

    async def write(self, data: bytes) -> None:
        pass

    async def configure(self, line: LineSettings) -> None:
        pass

    async def close(self) -> None:
        pass


def read_all(sent: bytes, coming: list[bytes]) -> bytes:
    async def main() -> bytes:
        port = Pieces()
        free = EchoFreePort(port)
        await free.write(sent)
        port.coming.extend(coming)
        found = b""
        try:
            while True:
                found += await free.read()
        except IndexError:
            return found

    return asyncio.run(main())


@given(st.binary(min_size=1, max_size=30), st.binary(max_size=30), st.lists(st.integers(1, 60), max_size=5))
def test_an_echo_and_an_answer_in_any_pieces_leave_the_answer(sent: bytes, answer: bytes, cuts: list[int]) -> None:
    stream = sent + answer
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert read_all(sent, pieces) == answer


def test_without_an_echo_the_answer_stays_whole() -> None:
    assert read_all(b"/?!\r\n", [b"\x7e\xa0"]) == b"\x7e\xa0"


def test_a_damaged_echo_is_noise_from_there_on() -> None:
    assert read_all(b"/?!\r\n", [b"/?X\r\n", b"/MFM5"]) == b"X\r\n/MFM5"


def test_the_echo_of_two_messages() -> None:
    async def main() -> bytes:
        port = Pieces()
        free = EchoFreePort(port)
        await free.write(b"one")
        await free.write(b"two")
        port.coming.extend((b"onet", b"wo", b"answer"))
        return await free.read()

    assert asyncio.run(main()) == b"answer"
