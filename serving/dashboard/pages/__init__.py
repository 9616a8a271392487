"""The pages, a module each: which figures stand where. What a figure means is gold's, how it is asked `queries`'."""
