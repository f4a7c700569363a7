"""Training of the bundled dual encoder `mini`, of language packs, and their evaluation."""
