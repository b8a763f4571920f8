"""GBCS messages as lines of text: the bridge that the field's tools have spoken since 2018, both ends of it."""

from rigs.gfi.codec import GfiDecoder, GfiFault, encode_line
from rigs.gfi.link import GfiLink

__all__ = ["GfiDecoder", "GfiFault", "GfiLink", "encode_line"]
