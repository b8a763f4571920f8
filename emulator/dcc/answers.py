"""Answers of a known shape, opened without parsing them: the fast twin of what the broker does for any answer.

What a template does not fit, down to the last byte, goes the long way, and only that way judges what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Protocol

import numpy as np

from gbcs import crypto
from gbcs.dlms import AccessResponse, CompactArray, Data, ProtectedResult
from gbcs.eui64 import Eui64
from gbcs.framing import MAC_SIZE, Cra, Message
from gbcs.frozen import maker
from gbcs.read_templates import MessageTemplate, answer_template, plaintext_head
from gbcs.reads import ReadValues

_TEMPLATES_KEPT = 1024
_COLUMN = np.dtype(">u4")
_make_values = maker(ReadValues)


class HeadEndKeys(Protocol):
    """What the head-end needs of a key store."""

    def shared_secret(self, a: Eui64, b: Eui64) -> bytes:
        """The ECDH secret of two parties."""

    def ka_certificate(self, eui: Eui64) -> bytes:
        """The DER key-agreement certificate of an organisation."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A command on its way: its bytes, and what its answer must fit."""

    command: bytes
    device: Eui64
    originator: Eui64
    counter: int
    message_code: int
    supplementary_id: Eui64 | None
    supplementary_counter: int | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """An answer that holds one log: its template, what stands before the rows, and how many columns they have.

    ``head`` is empty where the rows are in clear.
    """

    message: MessageTemplate
    head: bytes
    is_encrypted: bool
    columns: int


class AnswerTemplates:
    """The shapes of answers seen so far, per use case, originator, supplementary party and size."""

    def __init__(self, keys: HeadEndKeys) -> None:
        self._keys = keys
        self._shapes: dict[tuple[int, Eui64, Eui64 | None, int], _Shape] = {}

    def quickly(self, frame: bytes, sent: Sent) -> ReadValues | None:
        """The rows of an authentic answer to ``sent`` of a known shape; None for everything else."""
        shape = self._shapes.get((sent.message_code, sent.originator, sent.supplementary_id, len(frame)))
        if shape is None:
            return None
        known = shape.message
        values = known.template.match(frame[:-MAC_SIZE])
        if values is None:
            return None
        counter, device, *others, body = values
        if device != sent.device or int.from_bytes(counter, "big") != sent.counter:
            return None
        if known.has_party and int.from_bytes(others[0], "big") != sent.supplementary_counter:
            return None
        secret = self._keys.shared_secret(device, sent.originator)
        covered = frame[known.covered_at : -MAC_SIZE]
        mac = crypto.message_mac(secret, Cra.RESPONSE, device, sent.counter, sent.originator, covered)
        if not compare_digest(mac, frame[-MAC_SIZE:]):
            return None
        if not shape.is_encrypted:
            return _rows(body, 0, shape.columns)
        party, key_counter = sent.originator, sent.counter
        if known.has_own and sent.supplementary_id is not None:
            party, key_counter = sent.supplementary_id, int.from_bytes(others[-1], "big")
            secret = self._keys.shared_secret(device, party)
        plaintext = crypto.decrypt(secret, device, key_counter, party, body)
        return _rows(plaintext, len(shape.head), shape.columns) if plaintext.startswith(shape.head) else None

    def learn(
        self,
        frame: bytes,
        sent: Sent,
        message: Message,
        response: AccessResponse,
        plaintexts: tuple[tuple[Data, ...] | None, ...],
    ) -> None:
        """Keep the shape of an answer that went the long way and was right, if it is one of those known here."""
        key = (sent.message_code, sent.originator, sent.supplementary_id, len(frame))
        array = _log_of(response, plaintexts)
        if key in self._shapes or array is None:
            return
        template = answer_template(message, response)
        if template is None:
            return
        if len(self._shapes) >= _TEMPLATES_KEPT:
            del self._shapes[next(iter(self._shapes))]
        is_encrypted = isinstance(response.data[0], ProtectedResult)
        head = plaintext_head(array) if is_encrypted else b""
        self._shapes[key] = _Shape(template, head, is_encrypted, len(array.kind.columns()))


def _log_of(response: AccessResponse, plaintexts: tuple[tuple[Data, ...] | None, ...]) -> CompactArray | None:
    """The one log that an answer shows, of uint32 columns alone; None for any other answer."""
    if len(response.data) != 1:
        return None
    item, plain = response.data[0], plaintexts[0]
    shown = item if isinstance(item, Data) else plain[0] if plain is not None and len(plain) == 1 else None
    array = shown.value if isinstance(shown, Data) else None
    if not isinstance(array, CompactArray) or not array.contents or set(array.kind.columns()) != {0x06}:
        return None
    return array


def _rows(data: bytes, at: int, columns: int) -> ReadValues:
    rows: np.ndarray[Any, Any] = np.frombuffer(data, _COLUMN, offset=at)
    return _make_values(0, rows.reshape(-1, columns))
