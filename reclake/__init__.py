"""What every layer stands on: settings, Spark session, table catalogue, Delta writes, jobs, services, CLI."""
