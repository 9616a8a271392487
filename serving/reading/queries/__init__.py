"""What pages and commands ask: functions that take `Stores` and return a `Figure` of few rows, a module per subject."""
