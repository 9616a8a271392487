"""What episodes say: embeddings of their text, what is similar by them, and what they tell of unheard episodes."""
