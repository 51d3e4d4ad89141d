"""The side-by-side comparison of WireGuard implementations; bench/compare.py is its front door.

The rig stands on the same namespaces, daemons and `wg` calls as the end-to-end tests.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT / "tests"))
