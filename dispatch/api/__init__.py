"""The page's API: who calls, what is known now, one event in full, and a stream of what changes."""
