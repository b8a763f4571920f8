"""XML as canonical text from the start: what is written here is its own inclusive canonical form (C14N 1.0).

Elements without content are written with an end tag, name spaces stand on the outermost element in the order of their
prefixes, text is escaped as canonicalisation wants it. So a signature needs no XML parser; a test holds it to one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from gbcs.errors import DecodeError
from gbcs.times import from_datetime, iso

DUIS = "http://www.dccinterface.co.uk/ServiceUserGateway"
MMC = "http://www.dccinterface.co.uk/ResponseAndAlert"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
SCHEMA_VERSION = "5.4"

_LEAST, _MOST = 0x20, 0xFFFD
_WHITE_SPACE = "\t\n"


def element(name: str, *content: str) -> str:
    """An element without attributes around content that is XML already."""
    return f"<{name}>{''.join(content)}</{name}>"


def text(value: object) -> str:
    """Character data; what XML cannot hold becomes a question mark."""
    shown = "".join(one if one in _WHITE_SPACE or _LEAST <= ord(one) <= _MOST else "?" for one in str(value))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@lru_cache(maxsize=8192)
def time_text(instant: float) -> str:
    """An instant (seconds since 2000, UTC) as xs:dateTime in whole seconds."""
    return iso(int(instant))


@lru_cache(maxsize=8192)
def instant_of(shown: str) -> int:
    """The instant that an xs:dateTime names. Raises DecodeError for anything else, or one without a zone."""
    try:
        moment = datetime.fromisoformat(shown.strip())
    except ValueError:
        raise DecodeError(f"{shown!r} is no xs:dateTime", field="Timestamp") from None
    if moment.tzinfo is None:
        raise DecodeError(f"{shown!r} names no time zone", field="Timestamp")
    return int(from_datetime(moment.astimezone(UTC)))
