"""A tag for each word: named entities."""
