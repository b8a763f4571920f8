"""EZSP commands of a fake module: its network and the devices that it knows."""

from __future__ import annotations

from typing import Any

from rigs.ezsp.status import NO_SHORT_ADDRESS, NetworkState, NodeType, Status
from rigs.fake_ezsp.joining import FIRST_SCAN_CHANNEL_MASK
from rigs.fake_ezsp.ncp import Command, Ncp, Values

_NOBODY = b"\xff" * 8
_NO_CHILD = {
    "eui": bytes(8), "node_type": 0, "short": NO_SHORT_ADDRESS, "phy": 0, "power": 0, "timeout": 0, "remaining": 0,
}  # fmt: skip


def _init(ncp: Ncp, _values: Values) -> Values:
    return {"status": ncp.joining.resume()}


def _state(ncp: Ncp, _values: Values) -> Values:
    if ncp.radio.is_up:
        return {"state": NetworkState.JOINED}
    return {"state": NetworkState.JOINING if ncp.joining.is_joining else NetworkState.NO_NETWORK}


def _form(ncp: Ncp, values: Values) -> Values:
    return {"status": ncp.joining.form(values["parameters"], ncp.initial_network_key)}


def _join(ncp: Ncp, values: Values) -> Values:
    return {"status": ncp.joining.join(values["node_type"], values["parameters"], ncp.now)}


def _leave(ncp: Ncp, _values: Values) -> Values:
    return {"status": ncp.joining.leave()}


def _permit(ncp: Ncp, values: Values) -> Values:
    return {"status": ncp.joining.permit(values["duration"], ncp.now)}


def _scan(ncp: Ncp, values: Values) -> Values:
    status = ncp.joining.scan(values["kind"], values["channels"], values["duration"], ncp.now)
    return {"status": status}


def _stop_scan(_ncp: Ncp, _values: Values) -> Values:
    return {"status": Status.INVALID_CALL}


def _eui(ncp: Ncp, _values: Values) -> Values:
    return {"eui": ncp.eui}


def _node_id(ncp: Ncp, _values: Values) -> Values:
    return {"short": ncp.radio.network.short if ncp.radio.is_up else 0xFFFE}


def _parameters(ncp: Ncp, _values: Values) -> Values:
    network = ncp.memory.network
    found: dict[str, Any] = dict.fromkeys(("pan", "power", "channel", "join_method", "manager", "update"), 0)
    if network is None or not ncp.radio.is_up:
        return {
            "status": Status.NOT_JOINED, "node_type": 0,
            "parameters": {**found, "extended_pan": bytes(8), "channels": 0},
        }  # fmt: skip
    found = {name: getattr(network, name) for name in found}
    parameters = {**found, "extended_pan": network.extended_pan, "channels": FIRST_SCAN_CHANNEL_MASK}
    return {"status": Status.SUCCESS, "node_type": network.node_type, "parameters": parameters}


def _parent(ncp: Ncp, _values: Values) -> Values:
    network = ncp.memory.network
    if network is None or network.node_type == NodeType.COORDINATOR:
        return {"children": 0, "parent_eui": bytes(8), "parent": NO_SHORT_ADDRESS}
    return {"children": 0, "parent_eui": network.trust_centre, "parent": 0}


def _child(_ncp: Ncp, _values: Values) -> Values:
    """Every device joins as a neighbour that is always awake; there are no children."""
    return {"status": Status.NOT_JOINED, **_NO_CHILD}


def _short_of(ncp: Ncp, values: Values) -> Values:
    short = ncp.radio.short_of(values["eui"])
    return {"short": NO_SHORT_ADDRESS if short is None else short}


def _eui_of(ncp: Ncp, values: Values) -> Values:
    is_own = ncp.radio.is_up and values["short"] == ncp.radio.network.short
    found = ncp.eui if is_own else ncp.memory.devices.get(values["short"])
    return {"status": Status.SUCCESS if found else Status.BAD_ARGUMENT, "eui": found or _NOBODY}


def _no_eui(_ncp: Ncp, _values: Values) -> Values:
    return {"eui": _NOBODY}


def _no_short(_ncp: Ncp, _values: Values) -> Values:
    return {"short": NO_SHORT_ADDRESS}


def _not_extended(_ncp: Ncp, _values: Values) -> Values:
    return {"extended": 0}


def _nothing(_ncp: Ncp, _values: Values) -> Values:
    return {}


COMMANDS: dict[str, Command] = {
    "networkInit": _init,
    "networkState": _state,
    "formNetwork": _form,
    "joinNetwork": _join,
    "leaveNetwork": _leave,
    "permitJoining": _permit,
    "startScan": _scan,
    "stopScan": _stop_scan,
    "getEui64": _eui,
    "getNodeId": _node_id,
    "getNetworkParameters": _parameters,
    "getParentChildParameters": _parent,
    "getChildData": _child,
    "lookupNodeIdByEui64": _short_of,
    "lookupEui64ByNodeId": _eui_of,
    "getAddressTableRemoteEui64": _no_eui,
    "getAddressTableRemoteNodeId": _no_short,
    "getExtendedTimeout": _not_extended,
    "setExtendedTimeout": _nothing,
}
