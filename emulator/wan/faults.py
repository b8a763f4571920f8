"""Faults injected into a network on top of what it does itself: loss, duplicates, overtaking."""

from __future__ import annotations

from emulator.assumptions import Assumption
from emulator.links.distributions import Distribution, chances, draws
from emulator.links.presets import Preset, load_preset
from emulator.rng import generator
from emulator.wan.model import PACKAGE, Delivery, Direction, WanModel, delivered, lost

INJECTED_LOSS = "message lost (injected fault)"


class FaultParameters(Preset):
    """How the faults look."""

    duplicate_gap_s: Distribution
    reorder_hold_s: Distribution


class FaultyWan:
    """A network with injected faults, each with a probability per message and direction.

    Does not model: damaged bytes, faults that come in bursts or hit some hubs more than others.
    """

    def __init__(
        self, inner: WanModel, seed: int, *, message_loss: float, duplicate: float, reorder: float, name: str = ""
    ) -> None:
        """``name`` keeps the draws of one network apart from those of another."""
        self.title, self.not_modelled = inner.title, inner.not_modelled
        self._inner, self._send = inner, inner.send
        self.parameters = load_preset(FaultParameters, PACKAGE, "faults")
        self._loses = chances(message_loss, generator(seed, "fault", name, "loss"))
        self._doubles = chances(duplicate, generator(seed, "fault", name, "duplicate"))
        self._holds = chances(reorder, generator(seed, "fault", name, "reorder"))
        self._gap_s = draws(self.parameters.duplicate_gap_s, generator(seed, "fault", name, "gap"))
        self._hold_s = draws(self.parameters.reorder_hold_s, generator(seed, "fault", name, "hold"))

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """See :class:`~emulator.wan.model.WanModel`."""
        sent = self._send(hub, direction, size, now)
        loses, doubles, holds = self._loses(), self._doubles(), self._holds()
        if sent.arrives_at is None or not (loses or doubles or holds):
            return sent
        if loses:
            return lost(INJECTED_LOSS, sent.frames, sent.bytes_on_air, sent.air_s, sent.waited_s)
        arrives_at = sent.arrives_at + (self._hold_s() if holds else 0.0)
        again_at = arrives_at + self._gap_s() if doubles else None
        return delivered(arrives_at, "", sent.frames, sent.bytes_on_air, sent.air_s, sent.waited_s, again_at)

    def assumptions(self) -> list[Assumption]:
        """Those of the network, and how the faults look."""
        return [*self._inner.assumptions(), *self.parameters.assumptions()]


def with_faults(
    inner: WanModel, seed: int, *, message_loss: float, duplicate: float, reorder: float, name: str = ""
) -> WanModel:
    """The network with faults; the network itself where there are none."""
    if not (message_loss or duplicate or reorder):
        return inner
    return FaultyWan(inner, seed, message_loss=message_loss, duplicate=duplicate, reorder=reorder, name=name)
