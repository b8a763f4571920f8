"""The header context codec: one end, with the contexts of all its links.

Compressed data are the number of a rule, the context check, and the residues of the fields::

    1 byte    number of the rule; 0xFF: the message follows as it is
    2 bytes   context check (more, where asked for)
    rest      what is sent of the fields, in the order of the rule
"""

from __future__ import annotations

from collections.abc import Iterable

from emulator.compression.codec import CHECK_BYTES, MAX_EXPANDED_BYTES, RAW, ContextLost, Link, bounded, context_check
from emulator.compression.header_context.actions import Message
from emulator.compression.header_context.context import (
    LOW_BYTES,
    Pending,
    PendingCommands,
    ReceivedContext,
    SentContext,
)
from emulator.compression.header_context.facts import code_of, repeated_of
from emulator.compression.header_context.mirror import Mirror
from emulator.compression.header_context.rules import Rule, load_rules
from emulator.compression.layouts import Reader, Values
from gbcs.errors import DecodeError
from gbcs.eui64 import Eui64

_ASSUMED_AFTER = {"down": None, "up": 3}
"""Downwards an answer confirms what was sent; upwards nothing does, so what was sent three times counts as received."""


class HeaderContextCodec:
    """Header context compression in the manner of RFC 8724, for one end of any number of links.

    The sender expands every message before it sends it, and sends what it cannot give back byte for byte as it is.

    Does not model: fragmentation of RFC 8724 (the networks carry messages whole), rules that are changed in service,
    the memory and the processor of a hub.
    """

    def __init__(self, *, codes_rows: bool = False, check_bytes: int = CHECK_BYTES) -> None:
        self.rules, self.check_bytes = load_rules(codes_rows=codes_rows), check_bytes
        self.name = "header_context_rows" if codes_rows else "header_context"
        self._sent: dict[Link, SentContext] = {}
        self._received: dict[Link, ReceivedContext] = {}
        self._pending: dict[Eui64, PendingCommands] = {}

    # ------------------------------------------------------------------ sending

    def compress(self, message: bytes, link: Link) -> bytes:
        """The data to send: never longer than the message by more than a byte."""
        code = code_of(message)
        if code is not None:
            for rule in self.rules.candidates(link.direction, code):
                values = rule.layout.read(message)
                if values is not None and (data := self._by_rule(rule, values, message, link)) is not None:
                    return data
            if link.direction == "down":
                self._arrived(message, None, link)
        return RAW + message

    def _by_rule(self, rule: Rule, values: Values, message: bytes, link: Link) -> bytes | None:
        """What a rule makes of a message; None where it does not fit, gains nothing or fails the proof."""
        known: Values = {}
        if rule.kind == "response":
            command = self._pending_of(link.hub).find(values["device"], values["counter"])
            if command is None or any(command.values.get(name) != values[name] for name in rule.repeated):
                return None
            known = dict(command.values)
        draft, sent = Message(values), self._sent_on(link)
        residues = [values["counter"][-LOW_BYTES:]] if rule.kind == "response" else []
        for name, action in rule.actions:
            residue = action.send(name, draft, sent)
            if residue is None:
                return None
            residues.append(residue)
        residue = b"".join(residues)
        if len(residue) + self.check_bytes >= len(message) or not self._proved(rule, residue, message, known, link):
            return None
        sent.note(draft.updates)
        if rule.kind == "command":
            self._pending_of(link.hub).add(Pending(repeated_of(message), tuple(draft.updates)))
        return bytes((rule.number,)) + self._check(message, link) + residue

    def _proved(self, rule: Rule, residue: bytes, message: bytes, known: Values, link: Link) -> bool:
        """Whether the other end would make the same message of it."""
        try:
            return self._expanded(rule, residue, known, Mirror(self._sent_on(link)))[0] == message
        except (DecodeError, ContextLost):
            return False

    # ------------------------------------------------------------------ receiving

    def expand(self, data: bytes, link: Link) -> bytes:
        """The message. Raises ContextLost where it hangs on context that is not here, or is another."""
        if data[:1] == RAW:
            message = bounded(data[1:], MAX_EXPANDED_BYTES)
            self._arrived(message, None, link)
            return message
        rule = self.rules.by_number.get(data[0]) if data else None
        if rule is None:
            raise ContextLost(f"no rule has number {data[:1].hex() or 'nothing'}", offset=0, field="rule")
        check, residue = data[1 : 1 + self.check_bytes], data[1 + self.check_bytes :]
        received = self._received_on(link)
        failure: Exception = ContextLost("no pending command has this counter", field="residue")
        for known, command in self._known(rule, residue, link):
            try:
                message, draft = self._expanded(rule, residue, known, received)
            except (DecodeError, ContextLost) as error:
                failure = error
                continue
            if self._check(message, link) == check:
                received.take(draft.updates)
                self._arrived(message, command, link)
                return message
            failure = ContextLost("the context check fails", offset=1, field="context check")
        raise ContextLost(str(failure)) from None

    def _known(self, rule: Rule, residue: bytes, link: Link) -> Iterable[tuple[Values, Pending | None]]:
        """What may be known of a message before its fields are read: of a response, each command that it may answer."""
        if rule.kind != "response":
            return [({}, None)]
        commands = self._pending_of(link.hub).ending_in(residue[:LOW_BYTES])
        return [(dict(command.values), command) for command in commands]

    def _expanded(
        self, rule: Rule, residue: bytes, known: Values, context: ReceivedContext | Mirror
    ) -> tuple[bytes, Message]:
        reader = Reader(residue, LOW_BYTES if rule.kind == "response" else 0)
        draft = Message(known)
        for name in rule.repeated:
            if name not in known:
                raise ContextLost(f"the pending command has no {name}", field="residue")
        for name, action in rule.actions:
            action.receive(name, reader, draft, context)
        if reader.at != len(residue):
            raise DecodeError(f"{len(residue) - reader.at} bytes left over", offset=reader.at, field="residue")
        return bounded(rule.layout.write(draft.values), MAX_EXPANDED_BYTES), draft

    def _arrived(self, message: bytes, command: Pending | None, link: Link) -> None:
        """Note a command that waits for its answer; an answer confirms what its command took with it."""
        if command is None and (values := repeated_of(message)):
            pending = self._pending_of(link.hub)
            if link.direction == "down":
                pending.add(Pending(values))
            else:
                command = pending.find(values["device"], values["counter"])
        if command is not None:
            self._sent_on(Link(link.hub, "down")).confirm(command.used)

    # ------------------------------------------------------------------ context

    def refresh(self, link: Link) -> None:
        """Take nothing for known at the other end of a link."""
        self._sent_on(link).forget()
        if link.direction == "down":
            self._pending_of(link.hub).distrust()
        else:
            self._pending_of(link.hub).clear()

    def restart(self) -> None:
        """Forget everything."""
        self._sent.clear()
        self._received.clear()
        self._pending.clear()

    def context_bytes(self, hub: Eui64) -> int:
        """Bytes of the values that this end holds for a hub: what its memory has to take at least."""
        received = sum(context.size_bytes() for link, context in self._received.items() if link.hub == hub)
        return received + self._pending_of(hub).size_bytes()

    def _check(self, message: bytes, link: Link) -> bytes:
        context = self.rules.fingerprint + link.hub + link.direction.encode()
        return context_check(message, context, self.check_bytes)

    def _sent_on(self, link: Link) -> SentContext:
        found = self._sent.get(link)
        if found is None:
            found = self._sent[link] = SentContext(self.rules.capacities, _ASSUMED_AFTER[link.direction])
        return found

    def _received_on(self, link: Link) -> ReceivedContext:
        found = self._received.get(link)
        if found is None:
            found = self._received[link] = ReceivedContext()
        return found

    def _pending_of(self, hub: Eui64) -> PendingCommands:
        found = self._pending.get(hub)
        if found is None:
            found = self._pending[hub] = PendingCommands()
        return found
