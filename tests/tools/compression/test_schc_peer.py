"""Plain SCHC by others beside ours, on the same messages: lossless there too, and no shorter than it may be."""

from __future__ import annotations

from emulator.compression.corpus import made_corpus
from tools.compression.engine import measure_all
from tools.compression.results import sizes_of


def test_plain_schc_comes_near_ours_and_ours_is_no_longer() -> None:
    codecs = ("header_context", "microschc")
    outcome = measure_all(made_corpus(1, seed=7), codecs, 1, lambda _: None)
    sizes = sizes_of(outcome.measured)
    assert outcome.is_complete
    for place, theirs in sizes.sent["microschc"].items():
        ours = sizes.sent["header_context"][place]
        assert ours <= theirs < ours + 16, place
        assert theirs >= sizes.floor[place]
