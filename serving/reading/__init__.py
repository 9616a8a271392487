"""What people ask: queries of few rows, and the stores that answer them, without a job and mostly without Spark."""
