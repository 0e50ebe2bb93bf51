"""How well recordings are located, detected and classified, on labelled sets; what is fired is read here and nowhere
else, and nothing of it reaches what is scored.
"""
