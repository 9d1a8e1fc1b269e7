"""What is drawn while work goes on: a run, a search, a single piece of work, in a notebook or a terminal."""
