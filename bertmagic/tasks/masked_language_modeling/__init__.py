"""Masked words and next sentences: pre-training on running text."""
