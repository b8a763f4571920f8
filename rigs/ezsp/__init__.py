"""Silicon Labs radio modules: the serial protocols ASH and EZSP, and a HAN over a module."""
