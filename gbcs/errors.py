"""The package's own errors: one family for a wrong caller, one for wrong bytes or a wrong peer.

::

    GbcsError
    ├── LocalError(ValueError)     our caller is wrong: a value out of range, an unknown name
    │   └── KeyUnavailable         the key store holds no key for what was asked
    └── RemoteError                the bytes or the peer are wrong: offset, field and a hint
        ├── DecodeError            the bytes do not follow the format
        └── AuthenticationError    the bytes are well formed, but a MAC, tag or signature is not theirs
"""

from __future__ import annotations


class GbcsError(Exception):
    """Root of every error that this package raises on purpose."""


class LocalError(GbcsError, ValueError):
    """The caller handed over something that cannot be used; the message says what would be."""


class KeyUnavailable(LocalError):
    """No private key, certificate or shared secret is known for the party that was asked for."""


class RemoteError(GbcsError):
    """The bytes or the peer are wrong.

    ``offset`` is the byte position in what was decoded (``None`` where it has no meaning), ``field`` names the part
    of the frame, ``hint`` says what to look at or what a device would answer.
    """

    def __init__(self, message: str, *, offset: int | None = None, field: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.field, self.hint = message, offset, field, hint

    def __str__(self) -> str:
        where = f" in {self.field}" if self.field else ""
        at = f" at byte {self.offset}" if self.offset is not None else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.message}{where}{at}{hint}"


class DecodeError(RemoteError):
    """The bytes do not follow the format."""


class AuthenticationError(RemoteError):
    """A MAC, an authentication tag or a signature does not belong to these bytes."""
