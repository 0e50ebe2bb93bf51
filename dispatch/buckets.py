"""How often a node may: a token bucket each."""

from __future__ import annotations


class Buckets:
    """A token bucket per node: a steady rate, and a burst after a silence."""

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._level: dict[str, tuple[float, int]] = {}

    def take(self, node: str, now_ns: int) -> bool:
        """Whether the node may have one more now."""
        level, at_ns = self._level.get(node, (self._burst, now_ns))
        level = min(self._burst, level + max(0, now_ns - at_ns) * 1e-9 * self._per_s)
        allowed = level >= 1.0
        self._level[node] = (level - 1.0 if allowed else level, now_ns)
        return allowed
