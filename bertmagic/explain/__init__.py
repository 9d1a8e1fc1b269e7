"""Why a model predicts what it does: the words that speak for and against, edits, training rows, with measured trust."""
