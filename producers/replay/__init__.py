"""Replay: recorded behaviour from files."""
