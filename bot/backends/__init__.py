"""The core's ports over ``db`` and ``workers.client``; their errors become core errors here."""
