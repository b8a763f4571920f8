"""What every model of an SM WAN is: a message of some size goes in, and what becomes of it comes out."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.assumptions import Assumption
from gbcs.frozen import maker

Direction = Literal["down", "up"]

PACKAGE = "emulator.wan"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message.

    ``arrives_at`` is None where it was lost, and ``reason`` then says why. ``frames`` and ``bytes_on_air`` count what
    was sent, frames sent again included, and ``air_s`` the time it took; ``waited_s`` is the time before the first of
    them (queue, slot, session). ``again_at`` is the arrival of a duplicate.
    """

    arrives_at: float | None
    reason: str = ""
    frames: int = 0
    bytes_on_air: int = 0
    air_s: float = 0.0
    waited_s: float = 0.0
    again_at: float | None = None


class WanModel(Protocol):
    """A model of one SM WAN; its docstring says what it does not model."""

    title: str
    not_modelled: str

    def send(self, hub: int, direction: Direction, size: int, now: float) -> Delivery:
        """What becomes of a message of ``size`` bytes to ("down") or from ("up") a hub, a premises' index.

        Queues take messages in the order of the calls, so call in the order of ``now``.
        """

    def assumptions(self) -> list[Assumption]:
        """Every parameter with its confidence and source."""


delivered = maker(Delivery)
"""Makes a Delivery, quickly."""


def lost(reason: str, frames: int = 0, bytes_on_air: int = 0, air_s: float = 0.0, waited_s: float = 0.0) -> Delivery:
    """A message that does not arrive."""
    return delivered(None, reason, frames, bytes_on_air, air_s, waited_s)


def column(values: NDArray[np.float64] | NDArray[np.int64]) -> array[float]:
    """One number a hub: as small as numpy's and as quick to index as a list."""
    return array("d", values.astype(np.float64).tobytes())


def not_modelled(model: type[object]) -> str:
    """The paragraph of a docstring that says what a simulator does not model, as one line."""
    text = (model.__doc__ or "").partition("Does not model:")[2]
    return " ".join(text.split())
