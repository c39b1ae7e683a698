"""What the tools read from the environment before they are imported."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
