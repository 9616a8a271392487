"""What the pages ask: a module per page of functions that take `Stores` and return a `Figure` of few rows."""
