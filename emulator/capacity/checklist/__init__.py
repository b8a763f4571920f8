"""The checklist of the PIA: every row with its value, ours, and a verdict, or why it is not modelled."""
