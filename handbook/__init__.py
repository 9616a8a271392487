"""Pages of `docs/` that are made from the code: settings, tables, jobs. `python -m handbook` writes them anew."""
