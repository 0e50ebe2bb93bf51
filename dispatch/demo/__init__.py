"""`tocsin demo`: a city block on this machine, and its truth."""
