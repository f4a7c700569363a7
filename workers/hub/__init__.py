"""Models by name: which there are, fetching them from the Hugging Face hub, where they lie."""
