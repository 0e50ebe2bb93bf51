"""The centre: ingest, locator, store, the page and its API, and the demo. It does no signal processing.

`cli` is `tocsin centre`, `demo` is `tocsin demo`; `serve` runs the parts that `centre` holds together.
"""
