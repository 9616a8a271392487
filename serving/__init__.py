"""What reads gold and answers people and programs."""
