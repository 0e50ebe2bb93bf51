"""Reports that come over message brokers: one file a kind, and the desk that answers, whichever it is."""
