"""The gas side of a premises: the gas meter and the gas proxy function of the comms hub."""
