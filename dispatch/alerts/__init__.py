"""Alerts out, each standard in a file of its own: its settings, a pure encoder (an alert to bytes), and its sender.

`alert` is what is told and its words, `rules` who is told what, `announce` what is queued when an event changes,
`delivery` how it gets there. What is queued and what became of it is in `dispatch.store.alerts`.
"""
