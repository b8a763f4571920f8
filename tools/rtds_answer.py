"""Hand each reference command to an emulated device in the state that its response shows, and compare the answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from emulator.device.policy import Discard
from emulator.twins import Twin, make_twin
from gbcs import crypto, framing
from gbcs.catalogue import by_code, is_han_only
from gbcs.errors import GbcsError
from gbcs.framing import SIGNATURE_SIZE
from gbcs.keystore import KeyStore
from tools.rtds_files import Vector


class Likeness(StrEnum):
    """How an answer compares with the reference."""

    IDENTICAL = "identical"
    SIGNED_EQUAL = "signed_equal"
    """Equal up to the signature, which is valid under the twin's key: ECDSA signatures do not repeat."""
    DIFFERENT = "different"
    NO_KEY = "no key"


@dataclass(slots=True)
class AnswerTally:
    """The pairs of one use case."""

    pairs: int = 0
    identical: int = 0
    signed_equal: int = 0

    @property
    def answered(self) -> int:
        """Pairs whose answer is the reference's."""
        return self.identical + self.signed_equal

    def as_json(self) -> dict[str, int]:
        """Pairs, and how their answers compare."""
        return {"pairs": self.pairs, "identical": self.identical, "signed_equal": self.signed_equal}


@dataclass(slots=True)
class AnswerReport:
    """Pairs tried and how their answers compare, per use case; failures with their reason."""

    use_cases: dict[str, AnswerTally] = field(default_factory=dict)
    surplus_rows: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    no_key: list[str] = field(default_factory=list)
    """Commands whose MAC nobody can check: between two devices, with no private key of either."""

    @property
    def total(self) -> AnswerTally:
        """All use cases together."""
        tallies = self.use_cases.values()
        return AnswerTally(
            sum(one.pairs for one in tallies),
            sum(one.identical for one in tallies),
            sum(one.signed_equal for one in tallies),
        )

    def as_json(self) -> dict[str, Any]:
        """The object that ``rtds answer --json`` prints."""
        return {
            **self.total.as_json(),
            "surplus_rows": self.surplus_rows,
            "use_cases": {name: tally.as_json() for name, tally in sorted(self.use_cases.items())},
            "failures": [{"file": name, "reason": reason} for name, reason in self.failures],
            "no_key": self.no_key,
        }


def answer_all(found: Iterable[tuple[Vector, Vector]], keys: KeyStore) -> AnswerReport:
    """Try every pair; a fresh device for each, since the vectors share counters."""
    report = AnswerReport()
    for command, response in found:
        row = by_code(framing.decode(command.data).message_code)
        tally = report.use_cases.setdefault(row.use_case, AnswerTally())
        tally.pairs += 1
        try:
            twin = make_twin(command.data, response.data, keys)
            report.surplus_rows += twin.surplus_rows
            likeness, reason = answer_one(twin, command.data, response.data)
        except GbcsError as error:
            likeness, reason = Likeness.DIFFERENT, str(error)
        tally.identical += likeness is Likeness.IDENTICAL
        tally.signed_equal += likeness is Likeness.SIGNED_EQUAL
        if likeness is Likeness.NO_KEY and is_han_only(row.code):
            report.no_key.append(command.name)
        elif likeness in (Likeness.NO_KEY, Likeness.DIFFERENT):
            report.failures.append((command.name, reason))
    return report


def answer_one(twin: Twin, command: bytes, response: bytes) -> tuple[Likeness, str]:
    """How a twin's answer compares with the reference, and the first difference."""
    device = twin.device
    answers = device.receive(command, now=0.0)
    if Discard.NO_KEY in device.discarded:
        return Likeness.NO_KEY, str(Discard.NO_KEY)
    if len(answers) != 1:
        return Likeness.DIFFERENT, f"no answer: {', '.join(device.discarded)}"
    answer = answers[0]
    if answer == response:
        return Likeness.IDENTICAL, ""
    message = framing.decode(answer)
    if message.signature and answer[:-SIGNATURE_SIZE] == response[:-SIGNATURE_SIZE]:
        key = device.keys.signing_key(device.eui).public_key()
        if crypto.signature_valid(key, message.signature, framing.signed_part(message)):
            return Likeness.SIGNED_EQUAL, ""
        return Likeness.DIFFERENT, "the signature is not valid under the twin's key"
    at = next(i for i in range(max(len(answer), len(response))) if answer[i : i + 1] != response[i : i + 1])
    return Likeness.DIFFERENT, f"differs from byte {at}: {answer[at : at + 8].hex()} for {response[at : at + 8].hex()}"
