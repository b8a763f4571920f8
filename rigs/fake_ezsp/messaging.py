"""EZSP commands of a fake module: messages."""

from __future__ import annotations

from rigs.ezsp.status import OUTGOING_DIRECT, Status
from rigs.fake_ezsp.delivery import MAX_PAYLOAD_BYTES
from rigs.fake_ezsp.ncp import Command, Ncp, Values


def _room(_ncp: Ncp, _values: Values) -> Values:
    return {"length": MAX_PAYLOAD_BYTES}


def _unicast(ncp: Ncp, values: Values) -> Values:
    if values["kind"] != OUTGOING_DIRECT:
        return {"status": Status.INVALID_CALL, "sequence": 0}
    status, sequence = ncp.delivery.unicast(
        values["destination"], values["aps"], values["tag"], values["message"], ncp.now
    )
    return {"status": status, "sequence": sequence}


def _broadcast(ncp: Ncp, values: Values) -> Values:
    status, sequence = ncp.delivery.broadcast(values["destination"], values["aps"], values["tag"], values["message"])
    return {"status": status, "sequence": sequence}


def _reply(ncp: Ncp, values: Values) -> Values:
    return {"status": ncp.delivery.reply(values["destination"], values["aps"])}


COMMANDS: dict[str, Command] = {
    "maximumPayloadLength": _room,
    "sendUnicast": _unicast,
    "sendBroadcast": _broadcast,
    "sendReply": _reply,
}
