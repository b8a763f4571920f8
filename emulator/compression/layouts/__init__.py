"""How messages lie in bytes, from one line of text.

``read`` cuts a message into the values of its fields, ``write`` puts them together again. A message that ``write``
would not give back byte for byte is not one of the layout.
"""

from emulator.compression.layouts.items import Values
from emulator.compression.layouts.parsing import Layout, parse_layout
from emulator.compression.layouts.residue import Reader, varint

__all__ = ["Layout", "Reader", "Values", "parse_layout", "varint"]
