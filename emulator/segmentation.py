"""Block transfers in a farm: their parameters, and an endpoint with its timer on the kernel."""

from __future__ import annotations

from collections.abc import Callable

from emulator.assumptions import Assumption
from emulator.kernel import Schedule
from emulator.links.presets import NO_OVERRIDES, Count, Overrides, PositiveValue, Preset, Value, load_preset
from gbcs.errors import RemoteError
from gbcs.gbt import ASSUMPTIONS, Failure, GbtEndpoint, GbtSettings, Turn

Carry = Callable[[bytes, float], object]
"""Takes the bytes of a block or of a message, and when."""


class SegmentationParameters(Preset):
    """The parameters of block transfers."""

    block_bytes: Count
    window: Count
    ack_timeout_s: PositiveValue
    max_tries: Count
    gap_wait_s: Value

    def settings(self, message_bytes: int) -> GbtSettings:
        """As settings of endpoints, in blocks that a hub takes. Raises LocalError for what cannot work."""
        return GbtSettings(
            min(self.block_bytes.value, message_bytes),
            self.window.value,
            self.ack_timeout_s.value,
            self.max_tries.value,
            self.gap_wait_s.value,
        )

    def assumptions(self) -> list[Assumption]:
        """Every parameter, and what the codec takes for granted."""
        return [*super().assumptions(), *(Assumption(*row) for row in ASSUMPTIONS)]


def load_segmentation_parameters(
    overrides: Overrides = NO_OVERRIDES, *, label: str = "scenario"
) -> SegmentationParameters:
    """The shipped parameters with overrides. Raises ScenarioError, one line, for a mistake in them."""
    return load_preset(SegmentationParameters, "emulator", "gbt", overrides, label=label)


class BlockLink:
    """One end of block transfers on the kernel: blocks go out through ``carry``, whole messages come to ``deliver``.

    Does not model: time that cutting and putting together takes.
    """

    __slots__ = ("_carry", "_deliver", "_endpoint", "_failed", "_schedule", "_ticks_at")

    def __init__(
        self,
        endpoint: GbtEndpoint,
        schedule: Schedule,
        carry: Carry,
        deliver: Carry,
        failed: Callable[[Failure], object],
    ) -> None:
        self._endpoint, self._schedule = endpoint, schedule
        self._carry, self._deliver, self._failed = carry, deliver, failed
        self._ticks_at: float | None = None

    def send(self, message: bytes, now: float) -> None:
        """Begin to send a message; nothing happens where it is on its way already."""
        self._do(self._endpoint.send(message, now), now)

    def receive(self, block: bytes, now: float) -> None:
        """Take a block; what is none is dropped, as a lost one would be."""
        try:
            turn = self._endpoint.receive(block, now)
        except RemoteError:
            return
        self._do(turn, now)

    def _do(self, turn: Turn, now: float) -> None:
        for block in turn.blocks:
            self._carry(block, now)
        for failure in turn.failures:
            self._failed(failure)
        for message in turn.messages:
            self._deliver(message, now)
        deadline = self._endpoint.next_deadline()
        if deadline is not None and (self._ticks_at is None or deadline < self._ticks_at):
            self._ticks_at = deadline
            self._schedule(deadline, self._tick, deadline)

    def _tick(self, at: float) -> None:
        if at == self._ticks_at:
            self._ticks_at = None
            self._do(self._endpoint.tick(at), at)
