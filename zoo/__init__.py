"""The product: data, models, lists and figures, without UI and without torch."""

import os

# ONNX Runtime from 1.32 on tells its maker what runs here, over the network and from a file in the home folder, unless
# this is set before it is loaded. Nothing leaves this machine without being asked for.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
