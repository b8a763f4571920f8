"""What every modelled link is made of: distributions, marked parameters, air time, retransmission."""
