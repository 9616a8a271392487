"""The simulator: seeded people, what they listen to and what they buy."""
