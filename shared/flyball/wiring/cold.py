"""How does a cold start lose no time to the garbage collector?

Importing this switches it off, so a function does that before all else: what a start loads stays
for good, and looking through it again and again costs a sixth of the start. the function switches
it on once the first event is handled.
"""

from __future__ import annotations

import gc

gc.disable()
