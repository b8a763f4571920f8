"""GBZ components and alerts in plain values, and back: clusters, commands, fields and attributes with their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gbcs.errors import LocalError
from gbcs.gbz import AttributeRecord, Component, Encrypted, GbzAlert, GbzExecuted, GbzPayload, Layout, Zcl
from gbcs.gbz.alerts import GbzFirmware
from gbcs.gbz.catalogue import attribute_name, cluster_name, layout_of
from gbcs.gbz.layouts import RAW, Field
from gbcs.gbz.scalars import ATTRIBUTE_TYPES
from tools.plain import Plain, instant_of, instant_text, number, octets, take, take_octets

_STATUS = {0x00: "success", 0x01: "failure", 0x86: "unsupported attribute", 0x8B: "not found", 0xC0: "hardware failure"}
_GENERIC = "unknown command"
_KIND_NUMBERS = {name: tag for tag, (name, _) in ATTRIBUTE_TYPES.items()}
_PLAINTEXT = "plaintext"


def gbz(value: GbzPayload, plaintexts: Sequence[Zcl | None]) -> dict[str, Plain]:
    """The plain form of a GBZ payload; ``plaintexts`` as in :attr:`gbcs.security.Opened.zcl`."""
    opened = plaintexts or (None,) * len(value.components)
    pairs = zip(value.components, opened, strict=True)
    return {"family": "GBZ", "components": [component(one, plain) for one, plain in pairs]}


def read_gbz(plain: Plain) -> tuple[GbzPayload, tuple[Zcl | None, ...]]:
    """The payload of :func:`gbz`, and what is to be encrypted in it. Raises LocalError."""
    pairs = [read_component(one) for one in take(plain, "components", list)]
    return GbzPayload(tuple([one for one, _ in pairs])), tuple([inner for _, inner in pairs])


def component(value: Component, plain: Zcl | None = None) -> dict[str, Plain]:
    """The plain form of one component."""
    found: dict[str, Plain] = {
        "control": f"{value.control:02X}",
        "cluster": f"{value.cluster:04X}",
        "cluster_name": cluster_name(value.cluster) or "unknown cluster",
    }
    if value.from_date_time is not None:
        found["from_date_time"] = instant_text(value.from_date_time)
    found |= {
        "frame_control": f"{value.frame_control:02X}",
        "sequence": value.sequence,
        "command": f"{value.command:02X}",
    }
    if isinstance(value.payload, Zcl):
        return found | _zcl(value.payload, value.cluster)
    layout = layout_of(value.cluster, value.frame_control, value.command)
    found |= {
        "name": layout.name if layout is not None else _GENERIC,
        "additional_control": value.additional_control,
        "frame_counter": value.frame_counter,
        "encrypted": value.payload.blob.hex(),
    }
    return found | ({_PLAINTEXT: _zcl(plain, value.cluster)} if plain is not None else {})


def read_component(plain: Plain) -> tuple[Component, Zcl | None]:
    """The component of :func:`component`, and what is to be encrypted in it. Raises LocalError."""
    names = ("control", "cluster", "frame_control", "command")
    control, cluster, frame_control, command = (number(take(plain, name, str), name) for name in names)
    layout = layout_of(cluster, frame_control, command)
    inner: Zcl | None = None
    numbers: tuple[int, ...] = ()
    if "encrypted" in plain:
        payload: Zcl | Encrypted = Encrypted(take_octets(plain, "encrypted"))
        numbers = take(plain, "additional_control", int), take(plain, "frame_counter", int)
        inner = _read_zcl(plain[_PLAINTEXT], layout) if _PLAINTEXT in plain else None
    else:
        payload = _read_zcl(plain, layout)
    since = instant_of(plain["from_date_time"], "from_date_time") if "from_date_time" in plain else None
    sequence = take(plain, "sequence", int)
    return Component(control, cluster, frame_control, sequence, command, payload, since, *numbers), inner


# --- ZCL payloads -----------------------------------------------------------------------------------------------------


def _zcl(value: Zcl, cluster: int) -> dict[str, Plain]:
    found: dict[str, Plain] = {"name": value.layout.name}
    if value.layout is RAW:
        return found | {"data": value.values[0].hex()}  # type: ignore[union-attr]
    if value.layout.source != "vector":
        found["source"] = value.layout.source
    return found | {"fields": _fields(value, cluster)}


def _fields(value: Zcl, cluster: int) -> dict[str, Plain]:
    layout = value.layout
    found: dict[str, Plain] = {}
    for one, inner in zip(layout.fields, value.values, strict=False):
        found[one.name] = _scalar(one, inner)
        if one.name == "status":
            found["meaning"] = _STATUS.get(inner, "?") if isinstance(inner, int) else "?"
    rest: Any = value.values[len(layout.fields) :]
    if layout.group and layout.group_name == "attributes":
        found["attributes"] = [_attribute(row[0], cluster) for row in rest[0]]
    elif layout.group:
        found[layout.group_name] = [_group_row(layout, row) for row in rest[0]]
    elif layout.records:
        found["attributes"] = [_record(record, cluster) for record in rest[0]]
    return found | ({} if value.tail is None else _fields(value.tail, cluster))


def _scalar(one: Field, value: Any) -> Plain:
    if one.kind is None:
        return list(value)
    if one.kind.name == "utc":
        return instant_text(value)
    return value.hex() if isinstance(value, bytes) else value


def _group_row(layout: Layout, row: tuple[Any, ...]) -> Plain:
    if len(layout.group) == 1:
        return _scalar(layout.group[0], row[0])
    return {one.name: _scalar(one, value) for one, value in zip(layout.group, row, strict=True)}


def _attribute(attribute: int, cluster: int) -> dict[str, Plain]:
    return {"attribute": f"{attribute:04X}", "name": attribute_name(cluster, attribute) or "unknown attribute"}


def _record(record: AttributeRecord, cluster: int) -> dict[str, Plain]:
    found = _attribute(record.attribute, cluster)
    if record.kind is None:
        return found | {"status": record.status, "meaning": _STATUS.get(record.status, "?")}
    name, kind = ATTRIBUTE_TYPES[record.kind]
    return found | {"type": name, "value": _scalar(Field("value", kind), record.value)}


def _read_zcl(plain: Plain, layout: Layout | None) -> Zcl:
    if isinstance(plain, Mapping) and "data" in plain:
        return Zcl(RAW, (take_octets(plain, "data"),))
    if layout is None:
        raise LocalError("fields: this command is in no table, so it takes its bytes under data")
    return _read_fields(take(plain, "fields", dict), layout)


def _read_fields(plain: Mapping[str, Plain], layout: Layout) -> Zcl:
    values = [_read_scalar(one, plain[one.name]) for one in layout.fields if one.name in plain]
    missing = [one.name for one in layout.fields if one.name not in plain and not one.optional]
    if missing:
        raise LocalError(f"fields: {layout.name} needs {', '.join(missing)}")
    if layout.group:
        rows = take(plain, layout.group_name, list)
        values.append(tuple([_read_row(layout, row) for row in rows]))
    elif layout.records:
        values.append(tuple([_read_record(row) for row in take(plain, "attributes", list)]))
    if not layout.variant_on:
        return Zcl(layout, tuple(values))
    chosen = layout.variants.get(take(plain, layout.variant_on, int))
    if chosen is None:
        raise LocalError(f"{layout.variant_on}: {plain[layout.variant_on]} is in no table")
    return Zcl(layout, tuple(values), _read_fields(plain, chosen))


def _read_scalar(one: Field, plain: Plain) -> Any:
    if one.kind is None:
        return tuple(plain) if isinstance(plain, list) else ()
    if one.kind.name == "utc":
        return instant_of(plain, one.name)
    return octets(plain, one.name) if one.kind.name in ("octets", "date", "eui64") else plain


def _read_row(layout: Layout, plain: Plain) -> tuple[Any, ...]:
    if layout.group_name == "attributes":
        return (number(take(plain, "attribute", str), "attribute"),)
    if len(layout.group) == 1:
        return (_read_scalar(layout.group[0], plain),)
    return tuple([_read_scalar(one, take(plain, one.name, object)) for one in layout.group])


def _read_record(plain: Plain) -> AttributeRecord:
    attribute = number(take(plain, "attribute", str), "attribute")
    if "type" not in plain:
        return AttributeRecord(attribute, take(plain, "status", int))
    kind = _KIND_NUMBERS.get(plain["type"])
    if kind is None:
        raise LocalError(f"type: {plain['type']!r} is no attribute type: {', '.join(_KIND_NUMBERS)}")
    value = _read_scalar(Field("value", ATTRIBUTE_TYPES[kind][1]), plain.get("value"))
    return AttributeRecord(attribute, 0, kind, value)


# --- alerts -----------------------------------------------------------------------------------------------------------


def gbz_alert(value: GbzAlert, plaintexts: Sequence[Zcl | None]) -> dict[str, Plain]:
    """The plain form of a GBZ alert."""
    found: dict[str, Plain] = {
        "family": "GBZ alert",
        "alert_code": f"{value.alert_code:04X}",
        "at": instant_text(value.at),
        "count": value.count,
    }
    details = value.details
    if isinstance(details, GbzExecuted):
        found["executed"] = _executed(details)
    elif isinstance(details, GbzFirmware):
        found["image_hash"] = details.image_hash.hex()
    elif isinstance(details, Component):
        found["component"] = component(details, plaintexts[0] if plaintexts else None)
    elif details is not None:
        found["detail"] = details.hex()
    return found


def read_gbz_alert(plain: Plain) -> tuple[GbzAlert, tuple[Zcl | None, ...]]:
    """The alert of :func:`gbz_alert`, and what is to be encrypted in it. Raises LocalError."""
    details: Any = None
    inner: tuple[Zcl | None, ...] = ()
    if "executed" in plain:
        details = _read_executed(take(plain, "executed", dict))
    elif "image_hash" in plain:
        details = GbzFirmware(take_octets(plain, "image_hash"))
    elif "component" in plain:
        details, opened = read_component(plain["component"])
        inner = (opened,)
    elif "detail" in plain:
        details = take_octets(plain, "detail")
    code = number(take(plain, "alert_code", str), "alert_code")
    return GbzAlert(code, instant_of(plain.get("at"), "at"), details, take(plain, "count", int)), inner


def _executed(value: GbzExecuted) -> dict[str, Plain]:
    layout = layout_of(value.cluster, value.frame_control, value.command)
    return {
        "message_code": f"{value.message_code:04X}",
        "originator_counter": value.originator_counter,
        "cluster": f"{value.cluster:04X}",
        "cluster_name": cluster_name(value.cluster) or "unknown cluster",
        "frame_control": f"{value.frame_control:02X}",
        "command": f"{value.command:02X}",
        "name": layout.name if layout is not None else _GENERIC,
    }


def _read_executed(plain: Plain) -> GbzExecuted:
    code = number(take(plain, "message_code", str), "message_code")
    names = ("cluster", "frame_control", "command")
    return GbzExecuted(
        code,
        take(plain, "originator_counter", int),
        *(number(take(plain, name, str), name) for name in names),
    )
