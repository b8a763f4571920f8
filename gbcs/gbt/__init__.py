"""General block transfer: messages too long for one frame, as blocks that are acknowledged and sent again."""

from gbcs.gbt.blocks import MAX_MESSAGE_BYTES, TransferId, is_block, segment
from gbcs.gbt.endpoint import Failure, GbtEndpoint, Turn
from gbcs.gbt.settings import ASSUMPTIONS, GbtSettings

__all__ = [
    "ASSUMPTIONS",
    "MAX_MESSAGE_BYTES",
    "Failure",
    "GbtEndpoint",
    "GbtSettings",
    "TransferId",
    "Turn",
    "is_block",
    "segment",
]
