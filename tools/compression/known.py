"""What can be measured by name: the codecs of the registry, and other people's beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from emulator.compression.codec import Codec
from emulator.compression.dictionary import Dictionaries
from emulator.compression.registry import CODECS, make_codec
from gbcs.errors import LocalError

FAST, ALL = "fast", "all"

Ends = tuple[Codec, Codec]
"""The head-end's side and the hub's."""


def _microschc(_: Dictionaries | None) -> Ends:
    peer = import_module("tools.compression.schc_peer")  # an extra
    provisioning = peer.Provisioning()
    return peer.MicroschcCodec(provisioning), peer.MicroschcCodec(provisioning)


PEERS: Mapping[str, Callable[[Dictionaries | None], Ends]] = {"microschc": _microschc}
"""Libraries to compare with, each made for one hub: plain SCHC has static context, provisioned at both ends."""


def names_asked(asked: list[str]) -> list[str]:
    """The codecs that were asked for, each once. Raises LocalError that names an unknown one."""
    groups = {FAST: [name for name, row in CODECS.items() if row.is_fast], ALL: list(CODECS)}
    groups |= {name: [name] for name in (*CODECS, *PEERS)}
    found: list[str] = []
    for name in asked:
        if name not in groups:
            raise LocalError(f"codec {name!r} is not known (allowed: {', '.join(groups)})")
        found += groups[name]
    return list(dict.fromkeys(found))


def needs_dictionaries(name: str) -> bool:
    """Whether a codec has to be trained first."""
    return name in CODECS and CODECS[name].needs_dictionaries


def make_ends(name: str, dictionaries: Dictionaries | None) -> Ends:
    """Both ends of one hub's link. Raises LocalError where a library is missing."""
    if name in PEERS:
        return PEERS[name](dictionaries)
    return make_codec(name, dictionaries), make_codec(name, dictionaries)
