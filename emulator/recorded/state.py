"""State that several exchanges show, laid together: rows add up, a later value replaces an earlier one."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.device.objects import StoredObjects
from emulator.device.profiles import StoredProfile
from emulator.device.values import AttributeKey
from emulator.device.zcl import ZclState
from gbcs.objects import show_logical_name


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a log: its logical name, how many rows, the oldest and the newest stamp."""

    log: str
    rows: int
    first: int
    last: int


def merge(into: StoredObjects, seen: StoredObjects) -> None:
    """Lay what a later exchange showed over what is known.

    What was once read is readable: a refusal (of one party, or of one range) does not take it away.
    """
    into.attributes.update(seen.attributes)
    into.inert.update(seen.inert)
    for key, profile in seen.profiles.items():
        known = into.profiles.get(key)
        into.profiles[key] = profile if known is None else _joined(known, profile)
    into.faults.update(seen.faults)
    into.method_faults.update(seen.method_faults)
    for key in (*into.attributes, *into.profiles):
        into.faults.pop(key, None)
    for key in into.inert:
        into.method_faults.pop(key, None)


def _joined(known: StoredProfile, seen: StoredProfile) -> StoredProfile:
    """The rows of both, in order of their stamps. Rows of another kind are those of another log: the later one counts.

    Rows that share a stamp within one exchange (events) all stay.
    """
    if known.kind != seen.kind:
        return seen
    renewed = set(seen.stamps)
    rows = [row for stamp, row in zip(known.stamps, known.rows, strict=True) if stamp not in renewed] + seen.rows
    rows.sort(key=lambda row: row[:4])
    return StoredProfile(known.kind, [int.from_bytes(row[:4], "big") for row in rows], rows)


def coverage(objects: StoredObjects) -> tuple[Coverage, ...]:
    """What is known of each log that has rows."""
    return tuple(
        Coverage(_show(key), len(profile.stamps), min(profile.stamps), max(profile.stamps))
        for key, profile in objects.profiles.items()
        if profile.stamps
    )


def _show(key: AttributeKey) -> str:
    return show_logical_name(key[1])


def merge_gas(into: ZclState, seen: ZclState) -> None:
    """Lay what a later exchange with a gas device showed over what is known; what is shown twice is there once."""
    for name in ("attributes", "attribute_faults", "faults", "inert", "token_values"):
        getattr(into, name).update(getattr(seen, name))
    for name in ("published", "logs"):
        for key, shown in getattr(seen, name).items():
            known = getattr(into, name).setdefault(key, [])
            known += [one for one in shown if one not in known]
    for name in ("last_sample_id", "friendly_credit", "friendly_credit_calendar_id"):
        setattr(into, name, getattr(seen, name) or getattr(into, name))
