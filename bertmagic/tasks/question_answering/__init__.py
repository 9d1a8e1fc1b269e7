"""An answer to a question, as a span of a context."""
