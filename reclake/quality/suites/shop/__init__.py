"""The suites of the shop."""
