"""Twins of gas devices: the ZCL state loaded with what a captured exchange shows, component by component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from emulator.device.zcl import Refused, ZclState, ZclStatus, number, rows
from emulator.device.zcl_rules import READ_ATTRIBUTES, AnswerRule, Answers, answers
from emulator.device.zcl_selection import CREDIT_REMAINING, EMERGENCY_LIMIT, EMERGENCY_THRESHOLD, PREPAYMENT
from gbcs.errors import LocalError
from gbcs.framing import Message
from gbcs.gbz import AttributeRecord, Component, Encrypted, GbzPayload, Zcl
from gbcs.gbz.layouts import RAW
from gbcs.payload import decode_payload
from gbcs.security import Opened
from gbcs.times import DAY_S, MAX_INSTANT

_DEFAULT_RESPONSE = "default response"
_NOT_ATTEMPTED = 0xFF
_UINT32, _INT32 = 0x23, 0x2B
_NO_SAMPLE = 0xFFFF

Shown: TypeAlias = "tuple[Component, Zcl]"
"""A component of the response and its payload, decrypted."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is loaded into, a request, and one payload of its answer."""

    state: ZclState
    asked: Zcl
    answer: Zcl

    def number(self, name: str) -> int:
        """A field of the answer."""
        return number(self.answer[name])


Loader: TypeAlias = "Callable[[Exchange], None]"


def load(state: ZclState, command: Message, response: Opened) -> None:
    """Store what an exchange shows. Raises LocalError where command and response are no GBZ payloads."""
    for asked, zcl, shown in _exchange(command, response):
        for _, answer in shown:
            try:
                _load_one(state, asked, zcl, answer)
            except Refused:
                raise LocalError(f"{answer.layout.name} does not answer {zcl.layout.name}") from None


def _load_one(state: ZclState, asked: Component, zcl: Zcl, answer: Zcl) -> None:
    if answer.layout.name == _DEFAULT_RESPONSE:
        _load_status(state, asked, zcl, answer)
    elif zcl.layout.name == READ_ATTRIBUTES:
        _load_attributes(state, asked.cluster, answer)
    else:
        _LOADERS.get(answer.layout.name, _publish)(Exchange(state, zcl, answer))


def learned_answers(rules: Answers, command: Message, response: Opened) -> dict[str, AnswerRule]:
    """The rules, and on top of them how this device answers: frame controls, and answers that no rule has."""
    learned = dict(rules)
    for _, zcl, shown in _exchange(command, response):
        for component, answer in shown:
            if zcl.layout.name == READ_ATTRIBUTES:
                continue
            rule = learned.get(zcl.layout.name)
            if answer.layout.name == _DEFAULT_RESPONSE:
                if rule is not None and answer["command"] != _NOT_ATTEMPTED:
                    learned[zcl.layout.name] = replace(rule, error_frame_control=component.frame_control)
                continue
            rule = rule or AnswerRule(answer.layout.name, component.command, 0, "published")
            learned[zcl.layout.name] = replace(rule, frame_control=component.frame_control)
    return learned


def add_surplus(state: ZclState, command: Message) -> int:
    """Put snapshots that were not asked for before and behind the asked bounds; the number added."""
    payload, added = decode_payload(command.content), 0
    for one in payload.components if isinstance(payload, GbzPayload) else ():
        asked = one.payload
        if isinstance(asked, Encrypted) or "latest_end_time" not in asked.layout.names:
            continue
        if "earliest_start_time" not in asked.layout.names or asked["snapshot_offset"] != 0:
            continue
        for name in ("publish snapshot", "publish prepayment snapshot"):
            kept = state.published.get(name, [])
            early, late = number(asked["earliest_start_time"]) - DAY_S, number(asked["latest_end_time"]) + DAY_S
            surplus = [_at(kept[0], at) for at in (early, late) if 0 <= at <= MAX_INSTANT] if kept else []
            kept += surplus
            added += len(surplus)
    return added


def _at(snapshot: Zcl, at: int) -> Zcl:
    values = list(snapshot.values)
    values[snapshot.layout.names.index("snapshot_time")] = at
    return replace(snapshot, values=tuple(values))


def _exchange(command: Message, response: Opened) -> list[tuple[Component, Zcl, list[Shown]]]:
    """Each request component with its payload and what answers it, matched by their sequence numbers."""
    request, answer = decode_payload(command.content), response.payload
    if not isinstance(request, GbzPayload) or not isinstance(answer, GbzPayload):
        raise LocalError("a gas twin is loaded from a GBZ command and its response")
    opened = [
        (one, plain if plain is not None else one.payload)
        for one, plain in zip(answer.components, response.zcl, strict=True)
    ]
    return [
        (one, one.payload, [(by, zcl) for by, zcl in opened if by.sequence == one.sequence and isinstance(zcl, Zcl)])
        for one in request.components
        if isinstance(one.payload, Zcl)
    ]


def _load_status(state: ZclState, asked: Component, zcl: Zcl, answer: Zcl) -> None:
    status = number(answer["status"])
    is_read = zcl.layout.name in answers()
    if answer["command"] == _NOT_ATTEMPTED or (is_read and status == ZclStatus.NOT_FOUND):
        return  # nothing is known of it, or there is nothing
    if status != ZclStatus.SUCCESS:
        state.faults[zcl.layout.name, zcl.encode()] = status
    elif zcl.layout is RAW:
        state.inert.add((asked.cluster, asked.command))


def _load_attributes(state: ZclState, cluster: int, answer: Zcl) -> None:
    records: tuple[AttributeRecord, ...] = rows(answer["attributes"])  # type: ignore[assignment]
    for record in records:
        key = (cluster, record.attribute)
        if record.status == ZclStatus.UNSUPPORTED_ATTRIBUTE:
            continue
        if record.status != ZclStatus.SUCCESS or record.kind is None or record.value is None:
            state.attribute_faults[key] = record.status
        else:
            state.attributes[key] = (record.kind, record.value)


def _publish(of: Exchange) -> None:
    of.state.published.setdefault(of.answer.layout.name, []).append(of.answer)


def _log(of: Exchange) -> None:
    of.state.logs.setdefault(of.answer.layout.name, []).extend(rows(of.answer.values[-1]))


def _payment_mode(of: Exchange) -> None:
    state = of.state
    state.friendly_credit, state.friendly_credit_calendar_id, limit, threshold = map(number, of.answer.values)
    state.attributes[PREPAYMENT, EMERGENCY_LIMIT] = (_UINT32, limit)
    state.attributes[PREPAYMENT, EMERGENCY_THRESHOLD] = (_UINT32, threshold)


def _top_up(of: Exchange) -> None:
    amount = of.number("top_up")
    if of.number("result") == ZclStatus.SUCCESS:
        of.state.token_values[str(of.asked["top_up_code"])] = amount
        of.state.attributes[PREPAYMENT, CREDIT_REMAINING] = (_INT32, of.number("credit_remaining") - amount)


def _sampling(of: Exchange) -> None:
    if of.number("sample_id") == _NO_SAMPLE:
        of.state.faults[of.asked.layout.name, of.asked.encode()] = ZclStatus.HARDWARE_FAILURE
    else:
        of.state.last_sample_id = of.number("sample_id") - 1


def _cleared(of: Exchange) -> None:
    if not of.number("cleared_logs"):
        of.state.faults[of.asked.layout.name, of.asked.encode()] = ZclStatus.HARDWARE_FAILURE


def _supply(_of: Exchange) -> None:
    """The status that the supply takes on is that of the command."""


_LOADERS: Mapping[str, Loader] = {
    "publish event log": _log,
    "publish top-up log": _log,
    "publish debt log": _log,
    "change payment mode response": _payment_mode,
    "consumer top-up response": _top_up,
    "start sampling response": _sampling,
    "clear event log response": _cleared,
    "supply status response": _supply,
}
