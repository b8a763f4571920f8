"""EZSP commands of a fake module: versions, settings, tokens, counters."""

from __future__ import annotations

from rigs.ezsp.status import EzspStatus, Policy, Status, Value
from rigs.fake_ezsp.ncp import STACK_TYPE_MESH, Command, Ncp, Values
from rigs.fake_ezsp.zdo import LocalEndpoint

_CONFIGURATION = {
    0x01: 255, 0x02: 16, 0x03: 32, 0x04: 16, 0x05: 26, 0x06: 8, 0x07: 32, 0x0C: 2, 0x0D: 5, 0x10: 2, 0x11: 1,
    0x12: 7680, 0x13: 5, 0x16: 10, 0x19: 1, 0x1A: 200, 0x1E: 12, 0x2A: 0, 0x2D: 2,
}  # fmt: skip
"""Configuration values by number as a module begins with them: table sizes, stack profile 2, security level 5."""

_MFG_STRING, _MFG_BOARD, _MFG_CUSTOM_EUI = 0x01, 0x02, 0x00
_STRING_BYTES = 16
_COUNTERS = 41


def _version(ncp: Ncp, values: Values) -> Values:
    ncp.agree(values["desired"])
    version = ncp.firmware.ezsp_version
    return {"version": version, "stack_type": STACK_TYPE_MESH, "stack_version": ncp.firmware.stack_version}


def _nothing(_ncp: Ncp, _values: Values) -> Values:
    return {}


def _accepted(_ncp: Ncp, _values: Values) -> Values:
    return {"status": Status.SUCCESS}


def _echo(_ncp: Ncp, values: Values) -> Values:
    return values


def _get_configuration(ncp: Ncp, values: Values) -> Values:
    found = ncp.configuration.get(values["id"], _CONFIGURATION.get(values["id"]))
    return {"status": EzspStatus.INVALID_ID if found is None else EzspStatus.SUCCESS, "value": found or 0}


def _set_configuration(ncp: Ncp, values: Values) -> Values:
    if ncp.radio.is_up:
        return {"status": EzspStatus.INVALID_CALL}
    ncp.configuration[values["id"]] = values["value"]
    return {"status": EzspStatus.SUCCESS}


def _get_value(ncp: Ncp, values: Values) -> Values:
    found = ncp.firmware.version_info if values["id"] == Value.VERSION_INFO else ncp.values.get(values["id"])
    return {"status": EzspStatus.INVALID_ID if found is None else EzspStatus.SUCCESS, "value": found or b""}


def _set_value(ncp: Ncp, values: Values) -> Values:
    ncp.values[values["id"]] = values["value"]
    return {"status": EzspStatus.SUCCESS}


def _unknown_value(_ncp: Ncp, _values: Values) -> Values:
    return {"status": EzspStatus.INVALID_ID, "value": b""}


def _get_policy(ncp: Ncp, values: Values) -> Values:
    return {"status": EzspStatus.SUCCESS, "decision": ncp.policies.get(values["policy"], 0)}


def _set_policy(ncp: Ncp, values: Values) -> Values:
    ncp.policies[values["policy"]] = values["decision"]
    if values["policy"] == Policy.TRUST_CENTRE:
        ncp.joining.policy = values["decision"]
    return {"status": EzspStatus.SUCCESS}


def _add_endpoint(ncp: Ncp, values: Values) -> Values:
    if ncp.radio.is_up or not values["endpoint"]:
        return {"status": EzspStatus.INVALID_CALL}
    servers, clients = values["clusters"]
    number = values["endpoint"]
    ncp.endpoints[number] = LocalEndpoint(
        number, values["profile"], values["device"], values["version"], servers, clients
    )
    return {"status": EzspStatus.SUCCESS}


def _get_token(ncp: Ncp, values: Values) -> Values:
    texts = {_MFG_STRING: ncp.firmware.manufacturer, _MFG_BOARD: ncp.firmware.board}
    if values["token"] in texts:
        return {"value": texts[values["token"]].encode().ljust(_STRING_BYTES, b"\xff")[:_STRING_BYTES]}
    return {"value": ncp.memory.tokens.get(values["token"], b"\xff" * 8)}


def _set_token(ncp: Ncp, values: Values) -> Values:
    if values["token"] == _MFG_CUSTOM_EUI and values["token"] in ncp.memory.tokens:
        return {"status": Status.INVALID_CALL}
    ncp.memory.tokens[values["token"]] = values["value"]
    if values["token"] == _MFG_CUSTOM_EUI:
        ncp.memory.eui = values["value"][::-1]
    ncp.memory.save()
    return {"status": Status.SUCCESS}


def _random(ncp: Ncp, _values: Values) -> Values:
    return {"status": Status.SUCCESS, "value": ncp.random.randrange(0x1_0000)}


def _counters(ncp: Ncp, _values: Values) -> Values:
    """Broadcasts and unicasts of MAC first, then APS, then the rest, as the counters are numbered."""
    radio, delivery = ncp.radio.counters, ncp.delivery.counters
    found = [0] * _COUNTERS
    places = {
        2: radio["mac_rx"], 3: radio["mac_tx"], 8: delivery["aps_rx"], 9: delivery["aps_tx"],
        10: delivery["aps_again"], 11: delivery["aps_failed"], 19: radio["replays"],
        21: delivery["aps_decrypt_failures"], 23: radio["nwk_decrypt_failures"],
    }  # fmt: skip
    for place, count in places.items():
        found[place] = count & 0xFFFF
    return {"counters": found}


def _clear_counters(ncp: Ncp, values: Values) -> Values:
    found = _counters(ncp, values)
    for counters in (ncp.radio.counters, ncp.delivery.counters):
        counters.update(dict.fromkeys(counters, 0))
    return found


def _library(ncp: Ncp, _values: Values) -> Values:
    return {"status": 0x80 if ncp.firmware.has_cbke else 0xFF}


def _get_multicast(ncp: Ncp, values: Values) -> Values:
    found = ncp.multicasts.get(values["index"], {"multicast": 0xFFFF, "endpoint": 0, "network": 0})
    return {"status": Status.SUCCESS, **found}


def _set_multicast(ncp: Ncp, values: Values) -> Values:
    ncp.multicasts[values["index"]] = {key: values[key] for key in ("multicast", "endpoint", "network")}
    return {"status": Status.SUCCESS}


def _discovery(_ncp: Ncp, _values: Values) -> Values:
    return {"remaining": 0}


def _set_power(ncp: Ncp, values: Values) -> Values:
    if ncp.memory.network is not None:
        ncp.memory.network.power = values["power"] & 0xFF
    return {"status": Status.SUCCESS}


COMMANDS: dict[str, Command] = {
    "version": _version,
    "nop": _nothing,
    "echo": _echo,
    "callback": _nothing,
    "getConfigurationValue": _get_configuration,
    "setConfigurationValue": _set_configuration,
    "getValue": _get_value,
    "setValue": _set_value,
    "getExtendedValue": _unknown_value,
    "getPolicy": _get_policy,
    "setPolicy": _set_policy,
    "addEndpoint": _add_endpoint,
    "getMfgToken": _get_token,
    "setMfgToken": _set_token,
    "setManufacturerCode": _nothing,
    "setPowerDescriptor": _nothing,
    "setRadioPower": _set_power,
    "getRandomNumber": _random,
    "readCounters": _counters,
    "readAndClearCounters": _clear_counters,
    "getLibraryStatus": _library,
    "setConcentrator": _accepted,
    "setSourceRouteDiscoveryMode": _discovery,
    "getMulticastTableEntry": _get_multicast,
    "setMulticastTableEntry": _set_multicast,
}
