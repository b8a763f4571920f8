"""A SMETS1 service provider: takes countersigned requests and answers from its cache or from the meter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from emulator.dcc.requests import ServiceRequest
from emulator.kernel import Kernel
from emulator.smets1.cache import ShortTermCache
from emulator.smets1.cohorts import ServiceProviderRow
from emulator.smets1.dco import Dco
from emulator.smets1.exchange import Ask, Values
from emulator.smets1.gate import Gate
from emulator.smets1.session import Wish

AHEAD_OF = ("4.8.1", "4.8.3")
"""Reads that others are read along with: those of a day."""


class Countersigned:
    """A request that the DSP has countersigned, and what has become of it.

    ``reply(countersigned, now)`` is called once; there are values then, or a leg and a reason.
    """

    __slots__ = ("ask", "bytes_down", "bytes_up", "from_cache", "leg", "reason", "reply", "request", "values")

    def __init__(self, request: ServiceRequest, reply: Reply) -> None:
        self.request, self.reply = request, reply
        self.ask = Ask(request.srv, request.first, request.last)
        self.values: Values | None = None
        self.leg = self.reason = ""
        self.bytes_down = self.bytes_up = 0
        self.from_cache = False


Reply: TypeAlias = Callable[[Countersigned, float], None]
Want: TypeAlias = Callable[[int, Wish], None]
"""Has something read of a premises: ``want(premises, wish)``."""


class ServiceProvider:
    """One service provider with its queue, its cache and its way to the DCO and to the meters.

    A hit in the cache passes the access control of the moment, settlement day by settlement day, as a read of the meter
    does, and holds nothing but what was asked for.

    Does not model: critical requests and the instructions that the DCO signs; outages of its own systems; prepayment.
    """

    def __init__(
        self,
        name: str,
        row: ServiceProviderRow,
        kernel: Kernel,
        dco: Dco,
        want: Want,
        refusal: Callable[[ServiceRequest], str | None],
        has_read: Callable[[int, str], bool],
        *,
        cached: bool,
        hits_consult_dco: bool,
    ) -> None:
        """``refusal`` is the access control; ``has_read(premises, srv)`` says whether there is such a thing to read."""
        self.name, self.row = name, row
        self.cache = ShortTermCache(dict(row.cache_age_s.value.items())) if cached else None
        self.counts: Counter[str] = Counter()
        self._kernel, self._dco, self._want = kernel, dco, want
        self._refusal, self._has_read = refusal, has_read
        self._hits_consult_dco = hits_consult_dco
        self._segregates = row.segregates.value
        self.gate = Gate(row.tps.value * (1 + row.tps_uplift.value), kernel.at)

    def priority(self, request: ServiceRequest) -> int:
        """The queue of a request: where queues are kept apart, reads with a day to go let the others pass."""
        return int(self._segregates and request.for_settlement)

    def take(self, order: Countersigned) -> None:
        """Take a request on; its answer comes by ``reply``."""
        self.gate.enter(self._kernel.now, self.priority(order.request), self._process, order)

    def _process(self, order: Countersigned, now: float) -> None:
        request = order.request
        kept = self.cache.get(request.premises, order.ask, now) if self.cache is not None else None
        if kept is None:
            self._dco.consult(self._to_meter, self._dco_gave_up, order)
            return
        refused = self._refusal(request)
        if refused is not None:
            self._reply(order, None, "s1sp", f"the cache serves no answer: {refused}", now)
            return
        order.from_cache = True
        if self._hits_consult_dco:
            self._dco.consult(self._serve, self._dco_gave_up, order, kept)
        else:
            self._serve(order, kept, now)

    def _serve(self, order: Countersigned, kept: Values, now: float) -> None:
        self._reply(order, kept, "", "", now)

    def _dco_gave_up(self, order: Countersigned, *_kept_and_now: object) -> None:
        reason = f"the DCO did not answer within {self._dco.gives_up_after_s:g} s"
        self._reply(order, None, "dco", reason, self._kernel.now)

    # ------------------------------------------------------------------ the meter

    def _to_meter(self, order: Countersigned, now: float) -> None:
        request = order.request
        self.counts["reads of meters"] += 1
        priority = self.priority(request)
        self._want(request.premises, Wish(order.ask, priority, partial(self._read, order)))
        if self.cache is None or request.srv not in AHEAD_OF:
            return
        for srv in self.row.read_ahead.value:
            ask = Ask(srv, request.first, request.last)
            if srv != request.srv and self._has_read(request.premises, srv):
                self.counts["reads ahead"] += 1
                self._want(request.premises, Wish(ask, priority, partial(self._read_ahead, request.premises)))

    def _read(self, order: Countersigned, wish: Wish, values: Values | None, leg: str, reason: str, now: float) -> None:
        order.bytes_down, order.bytes_up = wish.bytes_down, wish.bytes_up
        if values is not None and self.cache is not None:
            self.cache.put(order.request.premises, order.request.srv, values)
        self._reply(order, values, leg, reason, now)

    def _read_ahead(
        self, premises: int, wish: Wish, values: Values | None, _leg: str, _reason: str, _now: float
    ) -> None:
        if values is not None and self.cache is not None:
            self.cache.put(premises, wish.ask.srv, values)

    def _reply(self, order: Countersigned, values: Values | None, leg: str, reason: str, now: float) -> None:
        order.values, order.leg, order.reason = values, leg, reason
        self.counts["from the cache" if order.from_cache else "answers" if values is not None else "failures"] += 1
        order.reply(order, now)
