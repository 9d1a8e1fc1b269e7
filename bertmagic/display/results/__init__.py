"""One module for each kind of result: what it says, as a list of blocks."""
