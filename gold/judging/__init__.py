"""Judging: what is measured, whether a difference is more than chance, and who serves."""
