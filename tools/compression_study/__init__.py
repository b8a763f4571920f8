"""The study of ``meterfarm compress``: what was measured, as one page."""
