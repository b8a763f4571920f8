"""The other end's context as a sender believes it to be: what the proof of a message is read with."""

from __future__ import annotations

from emulator.compression.codec import ContextLost
from emulator.compression.header_context.context import CounterKey, SentContext


class Mirror:
    """Reads a sender's own context as the receiver would, before the message itself has changed it."""

    __slots__ = ("_sent",)

    def __init__(self, sent: SentContext) -> None:
        self._sent = sent

    def value(self, mapping: str, slot: int) -> bytes:
        """What the other end holds in a slot. Raises ContextLost."""
        return self._sent.held(mapping, slot)

    def last(self, key: CounterKey) -> int:
        """The lowest counter that the other end may know. Raises ContextLost."""
        references = self._sent.references(key)
        if references is None:
            raise ContextLost("the other end may know no counter", field="residue")
        return references[0]
