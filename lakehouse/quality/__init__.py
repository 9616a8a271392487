"""Quality gates: what each layer promises to the next one, checked on what is new."""
