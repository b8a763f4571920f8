"""The meterfarm command: one file a verb."""
