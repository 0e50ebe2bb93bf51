"""Who may do what: roles and their rights, log-in, sessions, one-time links, and machines with tokens of their own.

`roles` is the one table of rights; `register` changes who there is, each change a line in the journal; `door` lets in.
"""
