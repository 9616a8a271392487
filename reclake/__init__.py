"""The program: the command line of RecLake."""
