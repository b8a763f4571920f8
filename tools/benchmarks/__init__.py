"""What ``meterfarm bench`` measures: one file a measurement."""
