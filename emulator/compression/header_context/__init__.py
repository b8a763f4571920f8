"""Header context compression of GBCS messages, in the manner of RFC 8724: rules as data, context at both ends."""

from emulator.compression.header_context.codec import HeaderContextCodec
from emulator.compression.header_context.rules import RuleSet, compile_rules, load_rules

__all__ = ["HeaderContextCodec", "RuleSet", "compile_rules", "load_rules"]
