"""Transcripts: the words of episodes, from their publishers or by speech-to-text."""
