"""Engines: models behind one shape, and what all that serve from vectors share."""
