"""Numbers that say how good a model is: `scores` computes them, `report` is the result that users get."""
