"""The page's API on 127.0.0.1: what is known now, one event in full, and a stream of what changes."""
