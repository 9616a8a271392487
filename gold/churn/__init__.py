"""Churn: who is about to stop shopping; one definition of the features for training, the scoring task and the API."""
