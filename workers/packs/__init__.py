"""Language packs: what one is, the folder of those installed, and taking them up while running."""
