"""Encoders without a head: they give vectors of texts and predict nothing."""
