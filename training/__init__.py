"""Models and how they are trained."""

import os

# Training makes and frees matrices of tens of megabytes at every step, and Linux hands each out in pages of 4 KiB
# unless asked for larger ones. Read by PyTorch at its first allocation; no other system minds.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
