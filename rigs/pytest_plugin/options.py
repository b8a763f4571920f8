"""What the command line asks of the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

DEFAULT_SEED = 162
"""The seed of an emulated meter unless told, the same as that of ``meterfarm run``."""


@dataclass(frozen=True, slots=True)
class Options:
    """``rig`` None: on the emulator. ``profile`` None: the reference firmware, or that of a test's marker."""

    rig: str | None
    rigs: Path | None
    profile: str | None
    seed: int

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """The options as given."""
        rigs = config.getoption("meterfarm_rigs")
        return cls(
            config.getoption("meterfarm_rig"),
            None if rigs is None else Path(rigs),
            config.getoption("meterfarm_profile"),
            config.getoption("meterfarm_seed"),
        )

    @property
    def are_given(self) -> bool:
        """Whether anything differs from what holds without options."""
        return self != Options(None, None, None, DEFAULT_SEED)


def add(parser: pytest.Parser) -> None:
    """Add the options to pytest's own."""
    group = parser.getgroup("meterfarm", "meterfarm: emulated and real smart meters")
    group.addoption("--meterfarm-rig", metavar="NAME", help="run on this rig; else on the emulator, in virtual time")
    group.addoption("--meterfarm-rigs", metavar="DIR", help="where the rig files are")
    group.addoption("--meterfarm-profile", metavar="NAME", help="firmware profile of emulated meters, or a stack a+b")
    group.addoption(
        "--meterfarm-seed", metavar="N", type=int, default=DEFAULT_SEED, help="seed of emulated meters (%(default)s)"
    )
