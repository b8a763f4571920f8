"""How answers of a gas device are found: selections of ``zcl_rules.toml`` by name.

Each gives the payloads of the answer to a request, in order. Nothing found is a status of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from emulator.device.zcl import EVENT_LOG, Refused, Row, ZclState, ZclStatus, number, rows
from gbcs.gbz import Layout, Zcl
from gbcs.gbz.layouts import Value

PREPAYMENT = 0x0705
CREDIT_REMAINING, EMERGENCY_LIMIT, EMERGENCY_THRESHOLD = 0x0001, 0x0010, 0x0011
_INT32 = 0x2B
_NO_AMOUNT = -1
_TOP_UP_REFUSED = 1
_NO_SAMPLE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the state it is made to, its payload, its From Date Time, and the response's layout."""

    state: ZclState
    asked: Zcl
    since: int | None
    layout: Layout

    def number(self, name: str) -> int:
        """A field of the request."""
        return number(self.asked[name])

    @property
    def published(self) -> list[Zcl]:
        """What was published under the response's name."""
        return self.state.published.get(self.layout.name, [])

    @property
    def rows(self) -> list[Row]:
        """The rows of the log that the response shows."""
        return self.state.logs.get(self.layout.name, [])


Selection: TypeAlias = "Callable[[Request], list[Zcl]]"


def _snapshot(of: Request) -> list[Zcl]:
    """The snapshot number ``snapshot_offset`` inside the bounds, of one of the causes; all its parts."""
    first, last, causes = map(of.number, ("earliest_start_time", "latest_end_time", "snapshot_cause"))
    matching: dict[tuple[int, int], list[Zcl]] = {}
    for one in of.published:
        at, cause = number(one["snapshot_time"]), number(one["snapshot_cause"])
        if first <= at <= last and (not causes or cause & causes):
            matching.setdefault((at, number(one["snapshot_id"])), []).append(one)
    chosen = sorted(matching)[of.number("snapshot_offset") :][:1]
    return matching[chosen[0]] if chosen else []


def _samples(of: Request) -> list[Zcl]:
    """The samples from that one on in whose interval a time falls, at most as many as asked."""
    for one in of.published:
        if one["sample_id"] == of.asked["sample_id"] and one["sample_type"] == of.asked["sample_type"]:
            start, interval = number(one["start_time"]), number(one["interval_s"])
            skipped = max(0, (of.number("earliest_sample_time") - start) // interval) if interval else 0
            shown = rows(one["samples"])[skipped:][: of.number("number_of_samples")]
            head = (one["sample_id"], start + skipped * interval, one["sample_type"], interval, len(shown))
            if shown:
                return [Zcl(of.layout, (*head, shown))]
    return []


def _log(of: Request) -> list[Zcl]:
    """The rows of a log from From Date Time until an end, at most as many as asked (0: all)."""
    first, last, limit = of.since or 0, of.number("latest_end_time"), number(of.asked.values[1])
    column = [one.name for one in of.layout.group].index("time")
    inside = [row for row in of.rows if first <= row[column] <= last]
    shown = tuple(inside[:limit] if limit else inside)
    return [Zcl(of.layout, (0, 1, shown))] if shown else []


def _events(of: Request) -> list[Zcl]:
    """The events of a log inside the bounds: how many match, and those from the offset on."""
    log, event = of.number("log_and_control") & 0x0F, of.number("event_id")
    first, last, limit = map(of.number, ("start_time", "end_time", "number_of_events"))
    matching = [row for row in of.rows if first <= row[2] <= last and log in (0, row[0]) and event in (0, row[1])]
    shown = matching[of.number("event_offset") :]
    shown = shown[:limit] if limit else shown
    return [Zcl(of.layout, (len(matching), 0, 1, 0, tuple(shown)))] if shown else []


def _published(of: Request) -> list[Zcl]:
    """Everything that was published under a name, at most as many as asked (0: all)."""
    limit = of.number("number_of_commands") if "number_of_commands" in of.asked.layout.names else 0
    return list(of.published[:limit] if limit else of.published)


def _payment_mode(of: Request) -> list[Zcl]:
    """The settings that hold in the new mode."""
    state = of.state
    limits = (state.number(PREPAYMENT, EMERGENCY_LIMIT), state.number(PREPAYMENT, EMERGENCY_THRESHOLD))
    return [Zcl(of.layout, (state.friendly_credit, state.friendly_credit_calendar_id, *limits))]


def _top_up(of: Request) -> list[Zcl]:
    """The amount of a code is added to the credit; a code without a known value is refused."""
    state, source = of.state, of.asked["originating_device"]
    amount = state.token_values.pop(str(of.asked["top_up_code"]), None)
    if amount is None:
        return [Zcl(of.layout, (_TOP_UP_REFUSED, _NO_AMOUNT, source, _NO_AMOUNT))]
    credit = state.number(PREPAYMENT, CREDIT_REMAINING) + amount
    state.attributes[PREPAYMENT, CREDIT_REMAINING] = (_INT32, credit)
    return [Zcl(of.layout, (ZclStatus.SUCCESS, amount, source, credit))]


def _supply(of: Request) -> list[Zcl]:
    """The status that the supply has now."""
    names = ("provider_id", "issuer_event_id", "implementation_time", "proposed_supply_status")
    return [Zcl(of.layout, tuple(of.asked[name] for name in names))]


def _start_sampling(of: Request) -> list[Zcl]:
    """The number of a new run of samples."""
    of.state.last_sample_id += 1
    return [Zcl(of.layout, (of.state.last_sample_id,))]


def _clear_events(of: Request) -> list[Zcl]:
    """The log loses its events; a bit for each log that was cleared."""
    log = of.number("log_id") & 0x0F
    kept = of.state.logs.get(EVENT_LOG, [])
    of.state.logs[EVENT_LOG] = [row for row in kept if row[0] != log]
    return [Zcl(of.layout, (1 << log & 0xFF,))]


SELECTIONS: Mapping[str, Selection] = {
    "snapshot": _snapshot,
    "samples": _samples,
    "log": _log,
    "events": _events,
    "published": _published,
    "payment mode": _payment_mode,
    "top-up": _top_up,
    "supply": _supply,
    "start sampling": _start_sampling,
    "clear events": _clear_events,
}

CHANGING = frozenset(("payment mode", "supply", "start sampling"))
"""Selections whose request is stored as well: it sets something."""

_FAILED: Mapping[str, tuple[Value, ...]] = {"start sampling response": (_NO_SAMPLE,), "clear event log response": (0,)}
"""Responses that say of themselves that nothing was done, in place of a default response."""


def failed(layout: Layout) -> Zcl | None:
    """The response that stands for a hardware failure; ``None`` where that is a default response."""
    values = _FAILED.get(layout.name)
    return Zcl(layout, values) if values is not None else None


def select(name: str, request: Request) -> list[Zcl]:
    """The payloads of an answer. Raises Refused (not-found) where there are none."""
    found = SELECTIONS[name](request)
    if not found:
        raise Refused(ZclStatus.NOT_FOUND)
    return found
