"""Conformance of the codec and the cryptography with the reference messages, counted by family and use case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gbcs import framing
from gbcs.catalogue import find
from gbcs.errors import GbcsError
from gbcs.payload import RawPayload, decode_payload, encode_payload
from gbcs.security import Check, Keys, open_message, verify
from tools.rtds_files import Vector


@dataclass(slots=True)
class Tally:
    """Counts of one group of messages."""

    messages: int = 0
    parsed: int = 0
    rebuilt: int = 0
    decrypted: int = 0
    mac: Counter[Check] = field(default_factory=Counter)
    signature: Counter[Check] = field(default_factory=Counter)

    def __iadd__(self, other: Tally) -> Tally:
        self.messages += other.messages
        self.parsed += other.parsed
        self.rebuilt += other.rebuilt
        self.decrypted += other.decrypted
        self.mac += other.mac
        self.signature += other.signature
        return self


@dataclass(slots=True)
class CheckReport:
    """What a whole check found. ``failures`` are (file, reason); messages without a key are no failures."""

    by_use_case: dict[tuple[str, str], Tally] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    no_key: list[str] = field(default_factory=list)

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
        for (family, _), tally in self.by_use_case.items():
            total = families.setdefault(family, Tally())
            total += tally
        return families

    def as_json(self) -> dict[str, Any]:
        """The object that ``rtds check --json`` prints."""
        total = self.total
        return {
            "messages": total.messages,
            "parsed": total.parsed,
            "rebuilt": total.rebuilt,
            "decrypted": total.decrypted,
            "mac": _checks(total.mac),
            "signature": _checks(total.signature),
            "no_key": self.no_key,
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
        family, use_case = "?", vector.folder
        try:
            message = framing.decode(vector.data)
            row = find(message.message_code)
            family, use_case = (row.family, row.use_case) if row else ("?", f"{message.message_code:04X}")
            _check_one(vector, message, keys, tally, report)
        except GbcsError as error:
            report.failures.append((vector.name, str(error)))
        group = report.by_use_case.setdefault((family, use_case), Tally())
        group += tally
    return report


def _check_one(vector: Vector, message: framing.Message, keys: Keys, tally: Tally, report: CheckReport) -> None:
    tally.parsed = 1
    if _rebuild(message) == vector.data:
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
    opened = open_message(message, keys)
    tally.decrypted = sum(plaintext is not None for plaintext in opened.plaintexts)


def _rebuild(message: framing.Message) -> bytes:
    """The message built again: the frame from its values, a DLMS payload from its typed values too."""
    payload = decode_payload(message.content)
    content = message.content if isinstance(payload, RawPayload) else encode_payload(payload)
    return framing.encode(
        framing.Message(
            message.cra,
            message.originator_counter,
            message.originator,
            message.recipient,
            message.date_time,
            message.other,
            content,
            message.signature,
            message.mac,
        )
    )
