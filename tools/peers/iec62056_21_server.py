"""A meter on a terminal, of the messages of iec62056-21 (BSD-3-Clause): a process of its own.

Run it apart from meterfarm, ``python -I iec62056_21_server.py``: an order as JSON on standard input; it prints the
terminal's path and serves until its input ends. Nothing of meterfarm is imported here, and nothing imports this file.

What is said at a speed that the meter does not have is lost, as on a real line. Bytes cross a terminal in no time, so
what is heard counts as said at the speed of that moment or at the one before.
"""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import tty
from typing import Any

from iec62056_21.messages import (
    AckOptionSelectMessage,
    AnswerDataMessage,
    CommandMessage,
    DataBlock,
    DataLine,
    DataSet,
    IdentificationMessage,
    ReadoutDataMessage,
    RequestMessage,
)

_ACK, _NAK = b"\x06", b"\x15"
_SPEEDS = {termios.B300: 300, termios.B9600: 9600}


def _line(address: str, *values: str) -> DataLine:
    return DataLine(
        [DataSet(address=address, value=values[0]), *(DataSet(address="", value=one) for one in values[1:])]
    )


class Meter:
    """Its answers, and the speed that it has."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order, self.speed, self.authentic = order, 300, False

    def answer(self, heard: bytes) -> tuple[bytes, int]:
        """What it says to one message, and the speed that it has from then on."""
        text = heard.decode("latin-1")
        if text.startswith("/?"):
            if RequestMessage.from_representation(text).device_address not in {"", self.order["serial_number"]}:
                return b"", 300
            identification = IdentificationMessage(
                identification="PEER1", manufacturer="PER", switchover_baudrate_char="5"
            )
            return identification.to_bytes(), 300
        if heard[:1] == _ACK and len(heard) > 1:
            option = AckOptionSelectMessage.from_representation(text)
            return (self._first(option.mode_char), 9600) if option.baud_char == "5" else (b"", 300)
        if heard[:1] == b"\x01":
            return self._command(CommandMessage.from_representation(text) if heard[1:3] != b"B0" else None)
        return b"", self.speed

    def _first(self, mode: str) -> bytes:
        if mode == "0":
            return bytes(ReadoutDataMessage(DataBlock([*self._registers(), *self._profile()])).to_bytes())
        challenge = DataSet(address="", value="00000000")
        return bytes(CommandMessage(command="P", command_type=0, data_set=challenge).to_bytes())

    def _command(self, command: CommandMessage | None) -> tuple[bytes, int]:
        if command is None:
            self.authentic = False
            return b"", 300
        asked = command.data_set
        if command.command == "P":
            # The library takes "(...)" for a value without an address.
            self.authentic = asked.value == self.order["password"]
            return (_ACK if self.authentic else _NAK), self.speed
        if not self.authentic:
            return _NAK, self.speed
        lines = self._profile() if asked.address == "P.01" else self._registers()
        wanted = (
            lines if asked.address == "P.01" else [one for one in lines if one.data_sets[0].address == asked.address]
        )
        block = DataBlock(wanted) if wanted else DataBlock([_line("", "ERROR02")])
        return bytes(AnswerDataMessage(block).to_bytes()), self.speed

    def _registers(self) -> list[DataLine]:
        return [_line("0.0.0", self.order["serial_number"]), *(_line(*one) for one in self.order["lines"])]

    def _profile(self) -> list[DataLine]:
        header, *rows = self.order["profile"]
        return [_line("P.01", *header), *(_line("", *row) for row in rows)]


def _take(buffer: bytearray) -> bytes | None:
    """The next whole message."""
    while buffer and bytes(buffer[:1]) not in {b"/", _ACK, b"\x01", _NAK}:
        del buffer[:1]
    end = buffer.find(b"\x03") + 2 if buffer[:1] == b"\x01" else buffer.find(b"\n") + 1
    if end < 2 or end > len(buffer):
        return None
    message = bytes(buffer[:end])
    del buffer[:end]
    return message


def _serve(order: dict[str, Any]) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    sys.stdout.write(json.dumps({"path": os.ttyname(theirs)}) + "\n")
    sys.stdout.flush()
    meter, buffer, before = Meter(order), bytearray(), 300
    while True:
        ready, _, _ = select.select([ours, sys.stdin], [], [])
        if sys.stdin in ready and not sys.stdin.readline():
            return
        if ours not in ready:
            continue
        heard = os.read(ours, 4096)
        before, last = _SPEEDS.get(termios.tcgetattr(ours)[5], 0), before
        if meter.speed not in {before, last}:
            continue
        buffer += heard
        while (message := _take(buffer)) is not None:
            answer, speed = meter.answer(message)
            _say(ours, answer, speed)
            meter.speed = speed


def _say(line: int, answer: bytes, speed: int) -> None:
    """Answer once the other end has the speed: a meter waits a fifth of a second, by when it has."""
    for _ in range(100):
        if not answer or _SPEEDS.get(termios.tcgetattr(line)[5]) == speed:
            break
        select.select([], [], [], 0.02)
    else:
        return
    os.write(line, answer)


def main() -> None:
    """Carry out the order on the first line of standard input."""
    _serve(json.loads(sys.stdin.readline()))


if __name__ == "__main__":
    main()
