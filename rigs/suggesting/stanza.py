"""The rig file that would fit a serial line: complete, with what only a person knows marked to be filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from rigs.suggesting.plugged import PluggedIn

_ESME = """[device]
kind = "esme"
eui64 = "00-00-00-00-00-00-00-00"  # fill in: printed on the meter
keys = "keys"                      # fill in: certificates, and keys of the parties that we play"""

_SMETS1 = """[device]
kind = "smets1"
dialect = "smets1-iec62056-21"     # fill in: one of meterfarm emulate --list"""


def stanza(line: PluggedIn, name: str) -> str:
    """TOML text of a rig ``name`` on a line; an adapter of no use here gives comments alone."""
    what = line.adapter.title if line.adapter else f"an adapter that is not in the table ({line.usb or 'no USB'})"
    head = [f"# {line.device}: {what}"]
    if line.adapter:
        head.append(f"# {line.adapter.note} (confidence {line.adapter.confidence})")
    link = line.adapter.link if line.adapter else "dialect"
    return "\n".join((*head, *_BODIES[link](line, name))) + "\n"


def _ezsp(line: PluggedIn, name: str) -> list[str]:
    return [f'name = "{name}"', "", _ESME, "", "[link]", 'kind = "ezsp"', f'port = "{line.url}"', *_settings(line)]


def _dialect(line: PluggedIn, name: str) -> list[str]:
    return [f'name = "{name}"', "", _SMETS1, "", "[link]", 'kind = "dialect"', f'port = "{line.url}"', *_settings(line)]


def _relay(line: PluggedIn, _name: str) -> list[str]:
    bytes_ = ['on = "A0 01 01 A2"', 'off = "A0 01 00 A1"']
    head = "# add to the rig whose device it switches:"
    return [head, "[power]", 'kind = "relay"', f'port = "{line.url}"', *_settings(line), *bytes_]


def _none(_line: PluggedIn, _name: str) -> list[str]:
    return []


def _settings(line: PluggedIn) -> list[str]:
    if line.adapter is None or line.adapter.baud is None:
        return []
    flow = f', flow_control = "{line.adapter.flow_control}"' if line.adapter.flow_control else ""
    return [f"line = {{ baud = {line.adapter.baud}{flow} }}"]


_BODIES: Final[Mapping[str, Callable[[PluggedIn, str], list[str]]]] = {
    "ezsp": _ezsp,
    "dialect": _dialect,
    "relay": _relay,
    "none": _none,
}
