"""The table of the benchmarks: one line a row, and whether it reaches its target."""

from typing import Any

Row = dict[str, Any]
"""name, ours_ms (or ours_mb, p95_ms), peer, peer_ms, ratio (peer over ours); `target` is the
least ratio, `target_ms` the most milliseconds; one of them may be missing."""
