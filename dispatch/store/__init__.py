"""What the centre keeps: an SQLite database (WAL, every commit synced) and its schema, migrated from the first version.

`Store` runs functions of one connection in a transaction: writes one after another in one thread, reads beside them.
The other files hold those functions, one subject a file. All are append-only but a token's use and the centre's notes.
"""

from dispatch.store.engine import Store

__all__ = ["Store"]
