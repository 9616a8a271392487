"""Rules that every decision between models follows."""

FEWEST_USERS = 30
"""With fewer users, or sessions, to compare on, nothing is decided."""
