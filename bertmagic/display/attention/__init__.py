"""Attention in static form."""
