"""What a message takes on a link once it is in frames: the same presets and arithmetic as in a run."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from emulator.links.airtime import bytes_on_air


@dataclass(frozen=True, slots=True)
class Frames:
    """How a link cuts messages, by direction."""

    payload_bytes: dict[str, int]
    overhead_bytes: dict[str, int]

    def on_air(self, size: int, direction: str) -> int:
        """Bytes on the link of a message of ``size`` bytes."""
        return bytes_on_air(size, self.payload_bytes[direction], self.overhead_bytes[direction])


_LINKS = {
    "LRR": ("csp_north_lrr", {"down": "downlink_air", "up": "uplink_air"}),
    "2G": ("csp_sc_cellular_2g", {"down": "transport", "up": "transport"}),
}
"""Long-range radio and cellular: the preset, and which of its parameters says how a direction is framed."""


@cache
def links() -> dict[str, Frames]:
    """The framing of every link that is shown."""
    return {name: _frames(preset, parameters) for name, (preset, parameters) in _LINKS.items()}


def _frames(preset: str, parameters: dict[str, str]) -> Frames:
    text = (files("emulator.wan") / "presets" / f"{preset}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Frames(
        {direction: table[name]["payload_bytes"] for direction, name in parameters.items()},
        {direction: table[name]["overhead_bytes"] for direction, name in parameters.items()},
    )
