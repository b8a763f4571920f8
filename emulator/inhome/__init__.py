"""Devices beside the meters that answer GBCS: PPMID, HCALCS, and the stand-alone auxiliary controller."""
