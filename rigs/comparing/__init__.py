"""A device on a rig beside its emulated twin: the same commands to both, and where they differ."""

from rigs.comparing.comparison import Comparison, Difference, Probed, compare
from rigs.comparing.stub import write_stub
from rigs.comparing.twin import make_twin

__all__ = ["Comparison", "Difference", "Probed", "compare", "make_twin", "write_stub"]
