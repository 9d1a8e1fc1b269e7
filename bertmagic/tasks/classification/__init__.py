"""One class a text, or a pair of texts."""
