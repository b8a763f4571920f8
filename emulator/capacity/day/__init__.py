"""The statistical day: reads of blocks of meters as numpy columns, with the parameters and the rules of a run."""
