"""Reads a meter with iec62056-21 (BSD-3-Clause): readout, registers and load profile; a process of its own.

Run it apart from meterfarm, ``python -I iec62056_21_reader.py``: an order as JSON on standard input, the outcome as
JSON on standard output. Nothing of meterfarm is imported here, and nothing imports this file.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from iec62056_21.client import Iec6205621Client
from iec62056_21.messages import AnswerDataMessage, CommandMessage, DataSet
from iec62056_21.transports import SerialTransport
from serial import Serial

_ACK = "\x06"


class _Pseudoterminal(SerialTransport):  # type: ignore[misc]
    """Eight bits without parity: a pseudo-terminal takes no others.

    The client's own change of speed opens the port anew, 0.75 s later, and throws away what the meter said meanwhile.
    """

    def connect(self) -> None:
        self.port = Serial(self.port_name, 300, timeout=self.timeout / 2)

    def switch_baudrate(self, baud: int) -> None:
        self.port.baudrate = baud


def _client(order: dict[str, Any]) -> Iec6205621Client:
    if "path" in order:
        return Iec6205621Client(_Pseudoterminal(order["path"]))
    return Iec6205621Client.with_tcp_transport((order["host"], order["port"]), device_address=order["address"])


def _sets(answer: AnswerDataMessage) -> list[list[str | None]]:
    return [[one.address, one.value, one.unit] for one in answer.data]


def _command(client: Iec6205621Client, letter: str, kind: int, address: str, value: str) -> None:
    message = CommandMessage(command=letter, command_type=kind, data_set=DataSet(address=address, value=value))
    client.transport.send(message.to_bytes())


def _program(client: Iec6205621Client, order: dict[str, Any]) -> dict[str, Any]:
    """Programming mode. The client's own way to send a password raises TypeError, so the message is made here."""
    challenge = client.access_programming_mode()
    _command(client, "P", 1, "", order["password"])
    if client._recv_ack() != _ACK:
        raise PermissionError("the meter refuses the password")
    single = client.read_single_value("1.8.0")
    found: dict[str, Any] = {"challenge": challenge.data_set.value, "register": [single.value, single.unit]}
    for kind in (5, 6):
        _command(client, "R", kind, "P.01", order["range"])
        found[f"R{kind}"] = _sets(client.read_response())
    client.send_break()
    return found


def main() -> None:
    """Carry out the order on the first line of standard input."""
    order = json.loads(sys.stdin.readline())
    client = _client(order)
    client.connect()
    found = {"readout": _sets(client.standard_readout())} if order["mode"] == "readout" else _program(client, order)
    found |= {"manufacturer": client.manufacturer_id, "identification": client.identification}
    client.disconnect()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
