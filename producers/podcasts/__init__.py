"""Podcasts: episodes of a podcast index, and an index to try things with."""
