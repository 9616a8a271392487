"""The cloud side before anything runs there: what a target of the bundle needs of a workspace, and who makes it."""
