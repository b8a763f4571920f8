"""The Dual Control Organisation: every service provider asks it before a read, and it knows no priority (PIA I2)."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from heapq import heapreplace
from typing import Any

from emulator.kernel import Kernel
from emulator.smets1.cohorts import DcoRow


class Dco:
    """Workers with one queue, first come first served, whoever asks and for whomever.

    Does not model: what it looks at; critical requests, which alone it must countersign; requests of its own that are
    no reads.
    """

    __slots__ = ("_free_at", "_kernel", "_service_s", "answers_s", "gives_up_after_s", "refused", "trt_s")

    def __init__(self, row: DcoRow, kernel: Kernel) -> None:
        self._kernel, self._service_s = kernel, row.service_s.value
        self._free_at = [float("-inf")] * row.workers.value
        self.trt_s, self.gives_up_after_s = row.trt_s.value, row.gives_up_after_s.value
        self.answers_s = array("d")
        """How long each request took."""
        self.refused = 0
        """Requests that would have waited longer than their provider does."""

    def consult(self, allowed: Callable[..., None], given_up: Callable[..., None], *arguments: Any) -> None:
        """``allowed(*arguments, at)`` when the DCO has answered, or ``given_up`` when nobody waits any longer."""
        now = self._kernel.now
        done_at = max(now, self._free_at[0]) + self._service_s
        if done_at - now > self.gives_up_after_s:
            self.refused += 1
            at = now + self.gives_up_after_s
            self._kernel.at(at, given_up, *arguments, at)
            return
        heapreplace(self._free_at, done_at)
        self.answers_s.append(done_at - now)
        self._kernel.at(done_at, allowed, *arguments, done_at)

    @property
    def late(self) -> int:
        """Answers that took longer than the target response time, those given up among them."""
        return self.refused + sum(seconds > self.trt_s for seconds in self.answers_s)
