"""What ``meterfarm compress`` measures and shows."""
