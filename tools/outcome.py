"""How a verb says that what was asked for does not hold."""

from __future__ import annotations


class NotMet(Exception):
    """The call was right and was carried out, but what was asked does not hold.

    The message is one line that says what does not; the command prints it as ``error: ...`` and ends with exit code 1.
    """
