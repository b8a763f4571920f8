"""The signed documents of a run: what providers write, checked and opened again by whoever reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from hashlib import sha256

from emulator.dcc.counters import Counters
from emulator.smets1.response import NO_ANSWER_ALERT, Order, alert, open_response, refuse, respond
from emulator.smets1.s1sp import Countersigned
from emulator.smets1.signature import Signer
from gbcs.errors import LocalError
from gbcs.reads import ReadValues

Seen = Callable[[bytes], None]


class SignedPapers:
    """Has every answer written and signed by its provider, and opens it as the user does, signature first.

    Does not model: the DUIS response that the DSP wraps around it and signs itself.
    """

    def __init__(self, signers: dict[str, Signer], counters: Counters, seen: Seen | None = None) -> None:
        """``seen`` is shown every document."""
        self._signers, self._counters, self._seen = signers, counters, seen
        self._known = {(signer.issuer, signer.serial): signer for signer in signers.values()}
        self._digest = sha256()
        self.counts: Counter[str] = Counter()

    @property
    def message_sha256(self) -> str:
        """SHA-256 over all documents in their order; signatures repeat (RFC 6979), so it does."""
        return self._digest.hexdigest()

    def answer(self, provider: str, order: Countersigned, now: float) -> ReadValues | None:
        """See :class:`~emulator.smets1.desk.Papers`."""
        request, signer = order.request, self._signers[provider]
        asked = Order(request.srv, request.device, request.user.eui, self._counters.next(request.user.eui, now))
        if order.values is not None:
            document = respond(signer, asked, order.values, now)
        else:
            document = refuse(signer, asked, order.leg, order.reason, now)
            self._show(alert(signer, request.device, NO_ANSWER_ALERT, order.reason, now), "alerts")
        self._show(document, "responses")
        opened = open_response(document, self._known)
        if opened.order != asked or opened.signer is not signer:
            raise LocalError(f"the response of {provider} answers {opened.order}, not {asked}")
        return opened.values

    def _show(self, document: bytes, what: str) -> None:
        self.counts[what] += 1
        self.counts["bytes"] += len(document)
        self._digest.update(document)
        if self._seen is not None:
            self._seen(document)


class NoPapers:
    """For a model of sizes: nothing is written."""

    @staticmethod
    def answer(_provider: str, _order: Countersigned, _now: float) -> ReadValues | None:
        """None, always."""
        return None
