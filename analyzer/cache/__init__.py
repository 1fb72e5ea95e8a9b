"""Results kept between calls: what was read and found in a run whose files have not changed.

The cache lies in the user's cache folder (``TRAINLINT_CACHE`` names another one, ``off`` none) and
is safe to delete at any time. It is never needed: whatever is wrong with it, runs are read anew.
"""

from __future__ import annotations

from analyzer.cache.stamps import code_digest, stamp
from analyzer.cache.store import ResultCache, open_cache

__all__ = ["ResultCache", "code_digest", "open_cache", "stamp"]
