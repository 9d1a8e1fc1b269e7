"""Curves and figures: small SVG images, plotly's JSON, and plotly's JSON as a static SVG."""
