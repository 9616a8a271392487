"""Listening: events weighted and summed by day, and the episodes they are about."""
