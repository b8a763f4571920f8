"""DLMS requests, responses and alerts in plain values, and back.

Objects and parts have their names beside them (:mod:`gbcs.names`); what a response holds is named from the request of
its use case. Names are notes: reading back goes by class, logical name and number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import zip_longest

from gbcs import eui64
from gbcs.alerts import AlertItem, CommandReference, Executed, alert_items, find_alert, pack_item
from gbcs.dlms import (
    AccessRequest,
    AccessResponse,
    Choice,
    Data,
    DataNotification,
    ProtectedNotification,
    ProtectedObject,
    ProtectedRead,
    ProtectedResult,
    RangeSelection,
    Restriction,
    Result,
    ResultCode,
    Specification,
    Tag,
)
from gbcs.dlms.access import Answer, Argument
from gbcs.dlms.data import NULL
from gbcs.errors import LocalError
from gbcs.names import Shape, Target, expected_targets, part_name
from gbcs.objects import logical_name, show_logical_name
from tools.describe_data import data, read_data
from tools.plain import (
    Plain,
    cosem_octets,
    cosem_text,
    instant_of,
    instant_text,
    number,
    take,
    take_eui,
    take_octets,
)

Plaintexts = tuple[tuple[Data, ...] | None, ...]
"""As in :class:`gbcs.security.Opened`."""


# --- requests ---------------------------------------------------------------------------------------------------------


def request(value: AccessRequest) -> dict[str, Plain]:
    """The plain form of a request: one item for each specification, with its argument."""
    pairs = zip(value.specifications, value.arguments, strict=True)
    return {
        "family": "DLMS access request",
        "invoke_id": f"{value.invoke_id:08X}",
        "items": [_specification(wanted, argument) for wanted, argument in pairs],
    }


def read_request(plain: Plain) -> AccessRequest:
    """The request of :func:`request`. Raises LocalError."""
    items = take(plain, "items", list)
    specifications = tuple([_read_specification(item) for item in items])
    return AccessRequest(_invoke_id(plain), specifications, tuple([_read_argument(item) for item in items]))


def _invoke_id(plain: Plain) -> int:
    return number(take(plain, "invoke_id", str), "invoke_id")


def _specification(wanted: Specification, argument: Argument) -> dict[str, Plain]:
    choice = Choice(wanted.choice)
    found: dict[str, Plain] = {"choice": _word(choice.name), **_target(choice, wanted)}
    shape = part_name(choice, wanted.class_id, wanted.instance, wanted.index).shape
    if wanted.selector is not None:
        found["selector"] = wanted.selector
    if isinstance(wanted.selection, RangeSelection):
        found |= {"from": instant_text(wanted.selection.first), "to": instant_text(wanted.selection.last)}
    elif wanted.selection is not None:
        found["selection"] = data(wanted.selection)
    if isinstance(argument, ProtectedRead):
        found |= {"reads": [_protected_object(item) for item in argument.objects], "protection": _protection(argument)}
    elif argument != NULL:
        found["data"] = data(argument, shape)
    return found


def _target(choice: int, wanted: Specification) -> dict[str, Plain]:
    return _named(choice, wanted.class_id, wanted.instance, wanted.index)


def _named(choice: int, class_id: int, instance: bytes, index: int) -> dict[str, Plain]:
    """Class, logical name and part of one object, each with its name where a table has one."""
    names = part_name(choice, class_id, instance, index)
    found: dict[str, Plain] = {"class": class_id, "object": show_logical_name(instance)}
    if names.title:
        found["title"] = names.title
    found["method" if choice == Choice.ACTION else "attribute"] = index
    if names.part:
        found["part"] = names.part
    return found


def _read_specification(plain: Plain) -> Specification:
    word = take(plain, "choice", str)
    choice = next((one for one in Choice if _word(one.name) == word), None)
    if choice is None:
        raise LocalError(f"choice: {word!r} is none of {', '.join(_word(one.name) for one in Choice)}")
    index = take(plain, "method" if choice is Choice.ACTION else "attribute", int)
    selection: Data | RangeSelection | None = None
    if "from" in plain:
        selection = RangeSelection(instant_of(plain["from"], "from"), instant_of(plain.get("to"), "to"))
    elif "selection" in plain:
        selection = read_data(plain["selection"])
    instance = logical_name(take(plain, "object", str))
    return Specification(int(choice), take(plain, "class", int), instance, index, plain.get("selector"), selection)


def _read_argument(plain: Plain) -> Argument:
    if "reads" in plain:
        objects = tuple([_read_protected_object(item) for item in take(plain, "reads", list)])
        return ProtectedRead(objects, *_read_protection(take(plain, "protection", dict)))
    return read_data(plain["data"]) if "data" in plain else NULL


def _protected_object(value: ProtectedObject) -> dict[str, Plain]:
    found = _named(Choice.GET, value.class_id, value.instance, value.attribute)
    found["data_index"] = value.data_index
    if value.restriction.kind:
        found |= {"from": cosem_text(value.restriction.first), "to": cosem_text(value.restriction.last)}
    return found


def _read_protected_object(plain: Plain) -> ProtectedObject:
    restriction = Restriction(0)
    if "from" in plain:
        restriction = Restriction(1, cosem_octets(plain["from"], "from"), cosem_octets(plain.get("to"), "to"))
    instance = logical_name(take(plain, "object", str))
    attribute = take(plain, "attribute", int)
    return ProtectedObject(take(plain, "class", int), instance, attribute, plain.get("data_index", 0), restriction)


def _protection(value: ProtectedRead | ProtectedResult | ProtectedNotification) -> dict[str, Plain]:
    return {
        "counter": value.transaction_counter,
        "originator": eui64.show(value.originator),
        "recipient": eui64.show(value.recipient),
    }


def _read_protection(plain: Plain) -> tuple[int, bytes, bytes]:
    return take(plain, "counter", int), take_eui(plain, "originator"), take_eui(plain, "recipient")


# --- responses --------------------------------------------------------------------------------------------------------


def response(value: AccessResponse, plaintexts: Plaintexts, message_code: int) -> dict[str, Plain]:
    """The plain form of a response: one item for each result, with its data, opened as far as it was decrypted."""
    asked = expected_targets(message_code)
    targets = asked if len(asked) == len(value.data) else ()
    rows = zip_longest(value.data, value.results, plaintexts, targets)
    return {
        "family": "DLMS access response",
        "invoke_id": f"{value.invoke_id:08X}",
        "items": [{"result": _result(result), **_answer(item, plain, target)} for item, result, plain, target in rows],
    }


def read_response(plain: Plain) -> tuple[AccessResponse, Plaintexts]:
    """The response of :func:`response` and what is to be encrypted in it. Raises LocalError."""
    items = take(plain, "items", list)
    answers = tuple([_read_answer(item) for item in items])
    results = tuple([_read_result(take(item, "result", str)) for item in items])
    return AccessResponse(_invoke_id(plain), answers, results), tuple([read_plaintext(item) for item in items])


def _word(name: str) -> str:
    return name.lower().replace("_", "-")


_KINDS = {int(choice): choice.name.lower() for choice in Choice}
_RESULTS = {int(code): _word(code.name) for code in ResultCode}


def _result(value: Result) -> str:
    kind = _KINDS.get(value.kind, str(value.kind))
    return f"{kind}: {_RESULTS.get(value.code, 'unknown')} ({value.code})"


def _read_result(text: str) -> Result:
    found = re.fullmatch(r"(\w+): .*\((\d+)\)", text)
    kinds = {name: kind for kind, name in _KINDS.items()}
    if found is None or not (found[1] in kinds or found[1].isdigit()):
        raise LocalError(f"result: {text!r} is not like 'get: success (0)'")
    return Result(kinds.get(found[1]) or int(found[1]), int(found[2]))


def _answer(item: Answer, plain: tuple[Data, ...] | None, target: Target | None) -> dict[str, Plain]:
    found: dict[str, Plain] = {}
    shape = None
    if target is not None:
        names = part_name(*target)
        found["of"] = ", ".join(text for text in (names.title, names.part) if text)
        shape = names.shape
    if isinstance(item, ProtectedResult):
        return found | _encrypted(item, plain)
    return found | {"data": data(item, shape)}


def _encrypted(item: ProtectedResult | ProtectedNotification, plain: tuple[Data, ...] | None) -> dict[str, Plain]:
    found: dict[str, Plain] = {"protection": _protection(item), "encrypted": item.blob.hex()}
    return found | ({"plaintext": [data(value) for value in plain]} if plain is not None else {})


def _read_answer(plain: Plain) -> Answer:
    if isinstance(plain, Mapping) and "protection" in plain:
        return ProtectedResult(*_read_protection(take(plain, "protection", dict)), take_octets(plain, "encrypted"))
    return read_data(take(plain, "data", dict))


def read_plaintext(plain: Plain) -> tuple[Data, ...] | None:
    """What is to be encrypted in an item or alert; None where it is not shown."""
    return tuple([read_data(value) for value in take(plain, "plaintext", list)]) if "plaintext" in plain else None


# --- alerts -----------------------------------------------------------------------------------------------------------


def notification(value: DataNotification, message_code: int) -> dict[str, Plain]:
    """The plain form of an alert: code, time, and its items with names."""
    row = find_alert(message_code)
    shapes = {item.name: item.shape for item in row.items} if row is not None else {}
    return {
        "family": "DLMS data notification",
        "invoke_id": f"{value.invoke_id:08X}",
        "alert_code": f"{value.alert_code:04X}",
        "at": cosem_text(value.at),
        "items": [{"name": one.name, **_alert_item(one, shapes)} for one in alert_items(message_code, value)],
    }


def _alert_item(item: AlertItem, shapes: Mapping[str, Shape | None]) -> dict[str, Plain]:
    if isinstance(item.value, Data):
        return data(item.value, shapes.get(item.name))
    found: dict[str, Plain] = {
        "message_code": f"{item.value.message_code:04X}",
        "originator_counter": item.value.originator_counter,
    }
    if isinstance(item.value, Executed):
        found |= _named(Choice.SET, item.value.class_id, item.value.instance, item.value.index)
        return {"executed": found}
    return {"command": found}


def _read_alert_item(plain: Plain) -> Data:
    name = take(plain, "name", str)
    if "executed" in plain:
        inner = take(plain, "executed", dict)
        instance = logical_name(take(inner, "object", str))
        reference = _read_reference(inner)
        value = Executed(*reference, take(inner, "class", int), instance, take(inner, "attribute", int))
        return pack_item(AlertItem(name, value))
    if "command" in plain:
        return pack_item(AlertItem(name, CommandReference(*_read_reference(take(plain, "command", dict)))))
    return read_data({key: value for key, value in plain.items() if key != "name"})


def _read_reference(plain: Plain) -> tuple[int, int]:
    return number(take(plain, "message_code", str), "message_code"), take(plain, "originator_counter", int)


def protected_notification(value: ProtectedNotification, plaintexts: Plaintexts) -> dict[str, Plain]:
    """The plain form of an alert whose data are encrypted."""
    return {
        "family": "DLMS protected notification",
        "invoke_id": f"{value.invoke_id:08X}",
        "alert_code": f"{value.alert_code:04X}",
        "at": cosem_text(value.at),
        **_encrypted(value, plaintexts[0] if plaintexts else None),
    }


def read_notification(plain: Plain) -> DataNotification:
    """The alert of :func:`notification`. Raises LocalError."""
    code = Data(Tag.UINT16, number(take(plain, "alert_code", str), "alert_code"))
    at = Data(Tag.OCTET_STRING, cosem_octets(plain.get("at"), "at"))
    items = [_read_alert_item(item) for item in take(plain, "items", list)]
    return DataNotification(_invoke_id(plain), (code, at, *items))


def read_protected_notification(plain: Plain) -> tuple[ProtectedNotification, Plaintexts]:
    """The alert of :func:`protected_notification`, and what is to be encrypted in it. Raises LocalError."""
    alert_code = number(take(plain, "alert_code", str), "alert_code")
    at = cosem_octets(plain.get("at"), "at")
    protection = _read_protection(take(plain, "protection", dict))
    blob = take_octets(plain, "encrypted")
    value = ProtectedNotification(_invoke_id(plain), alert_code, at, *protection, blob)
    return value, (read_plaintext(plain),)
