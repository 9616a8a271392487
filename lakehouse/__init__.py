"""The ground: settings, Spark session, table catalogue, Delta writes, jobs, quality gates, services, stores."""
