"""Models of the smart metering wide area networks."""
