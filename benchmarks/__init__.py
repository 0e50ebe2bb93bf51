"""Speed and memory, measured beside a peer or the machine's own floor in the same run. `make bench [ONLY=name]`."""
