"""What goes wrong on a bench. A wrong call or stanza is gbcs.errors.LocalError; what the rig does wrong stands here."""

from __future__ import annotations

from gbcs.errors import RemoteError


class RigError(RemoteError):
    """The rig failed: its ports, its power, its device. The message says what to do next where that is known."""


class PortLost(RigError):
    """A port is gone or cannot be had: unplugged, in use, refused, closed by its peer. ``__cause__`` says why."""


class PortMissing(PortLost):
    """A port of a rig could not be opened to begin with; nothing was asked of the device."""


class LeaseLost(RigError):
    """The lease of a rig has ended or is somebody else's; its ports are closed."""


class RigTimeout(RigError):
    """The device did not answer before a deadline."""
