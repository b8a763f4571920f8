"""Conformance of the codec and the cryptography with the reference messages, counted by family and use case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from gbcs import framing
from gbcs.catalogue import find
from gbcs.coverage import without_fields
from gbcs.errors import GbcsError
from gbcs.payload import family, message_payload
from gbcs.security import Check, Keys, open_message, protect, verify
from tools.rtds_files import Vector


@dataclass(slots=True)
class Tally:
    """Counts of one group of messages.

    ``rebuilt`` counts frames made again with the payload's bytes as they were; ``decoded`` payloads, plaintexts
    included, in which every byte has its field; ``rebuilt_from_values`` messages made again from these values alone,
    with what is encrypted in them encrypted anew.
    """

    messages: int = 0
    parsed: int = 0
    rebuilt: int = 0
    decoded: int = 0
    rebuilt_from_values: int = 0
    decrypted: int = 0
    mac: Counter[Check] = field(default_factory=Counter)
    signature: Counter[Check] = field(default_factory=Counter)

    def __iadd__(self, other: Tally) -> Self:
        self.messages += other.messages
        self.parsed += other.parsed
        self.rebuilt += other.rebuilt
        self.decoded += other.decoded
        self.rebuilt_from_values += other.rebuilt_from_values
        self.decrypted += other.decrypted
        self.mac += other.mac
        self.signature += other.signature
        return self


@dataclass(slots=True)
class CheckReport:
    """What a whole check found.

    ``failures`` are (file, reason). Messages without a key are none, nor are those of which a part is kept as bytes or
    as a plain tree because no table names it: ``without_fields``, (file, parts).
    """

    by_use_case: dict[tuple[str, str], Tally] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    no_key: list[str] = field(default_factory=list)
    without_fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def total(self) -> Tally:
        """All groups together."""
        total = Tally()
        for tally in self.by_use_case.values():
            total += tally
        return total

    def by_family(self) -> dict[str, Tally]:
        """Tallies per payload family."""
        families: dict[str, Tally] = {}
        for (name, _), tally in self.by_use_case.items():
            total = families.setdefault(name, Tally())
            total += tally
        return families

    def as_json(self) -> dict[str, Any]:
        """The object that ``rtds check --json`` prints."""
        total = self.total
        return {
            "messages": total.messages,
            "parsed": total.parsed,
            "rebuilt": total.rebuilt,
            "decoded": total.decoded,
            "rebuilt_from_values": total.rebuilt_from_values,
            "decrypted": total.decrypted,
            "families": {
                name: {
                    "messages": tally.messages,
                    "decoded": tally.decoded,
                    "rebuilt_from_values": tally.rebuilt_from_values,
                }
                for name, tally in sorted(self.by_family().items())
            },
            "mac": _checks(total.mac),
            "signature": _checks(total.signature),
            "no_key": self.no_key,
            "without_fields": [{"file": name, "parts": parts} for name, parts in self.without_fields],
            "failures": [{"file": name, "reason": reason} for name, reason in self.failures],
        }


def _checks(counts: Counter[Check]) -> dict[str, int]:
    checked = counts[Check.VERIFIED] + counts[Check.FAILED]
    return {
        "checked": checked,
        "valid": counts[Check.VERIFIED],
        "none_by_design": counts[Check.NONE],
        "no_key": counts[Check.NO_KEY],
    }


def check(vectors: Iterable[Vector], keys: Keys) -> CheckReport:
    """Parse, rebuild, verify and decrypt every message."""
    report = CheckReport()
    for vector in vectors:
        tally = Tally(messages=1)
        group = ("?", vector.folder)
        try:
            message = framing.decode(vector.data)
            tally.parsed = 1
            group = (family(message_payload(message)), _use_case(message))
            _check_frame(vector, message, keys, tally, report)
            _check_values(vector, message, keys, tally, report)
        except GbcsError as error:
            report.failures.append((vector.name, str(error)))
        total = report.by_use_case.setdefault(group, Tally())
        total += tally
    return report


def _use_case(message: framing.Message) -> str:
    row = find(message.message_code)
    return row.use_case if row else f"{message.message_code:04X}"


def _check_frame(vector: Vector, message: framing.Message, keys: Keys, tally: Tally, report: CheckReport) -> None:
    if framing.encode(message) == vector.data:
        tally.rebuilt = 1
    else:
        report.failures.append((vector.name, "rebuilt bytes differ"))
    verdict = verify(message, keys)
    tally.mac[verdict.mac] += 1
    tally.signature[verdict.signature] += 1
    if Check.FAILED in (verdict.mac, verdict.signature):
        report.failures.append((vector.name, verdict.reason))
    elif Check.NO_KEY in (verdict.mac, verdict.signature):
        report.no_key.append(vector.name)


def _check_values(vector: Vector, message: framing.Message, keys: Keys, tally: Tally, report: CheckReport) -> None:
    """Decode to the field, and build again from the values: they hold no bytes of the payload as it came."""
    opened = open_message(message, keys)
    tally.decrypted = opened.encrypted_parts
    missing = without_fields(opened)
    if missing:
        report.without_fields.append((vector.name, ", ".join(missing)))
    else:
        tally.decoded = 1
    blank = replace(opened, message=replace(message, content=b""))
    if framing.encode(protect(blank, keys)) == vector.data:
        tally.rebuilt_from_values = 1
    else:
        report.failures.append((vector.name, "bytes rebuilt from the values differ"))
