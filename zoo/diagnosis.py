"""What is installed here, what is wrong with it, and how to mend it."""

import importlib.metadata
import platform
import shutil
import subprocess
from dataclasses import dataclass, field

from zoo.runtime import CUDA, versions

PACKAGES = ("streamlit", "polars", "numpy", "scipy", "onnxruntime", "onnxruntime-gpu", "torch", "onnx", "onnxscript")


@dataclass
class Diagnosis:
    facts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # each one says how to mend it


def diagnose() -> Diagnosis:
    found = Diagnosis()
    installed = {name: _version(name) for name in PACKAGES}
    found.facts["python"] = platform.python_version()
    found.facts |= {name: version or "not installed" for name, version in installed.items()}
    gpu = _gpu()
    found.facts["GPU"] = gpu or "none found (nvidia-smi)"
    providers = versions()["providers"]
    found.facts["providers"] = ", ".join(providers)
    found.problems += problems(installed, gpu, providers)
    return found


def problems(installed: dict[str, str | None], gpu: str | None, providers: list[str]) -> list[str]:
    """What is wrong with such an installation. installed: package -> version or None; gpu: its name, or None."""
    found = []
    if installed["onnxruntime"] and installed["onnxruntime-gpu"]:
        found.append(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other. Remove both, install one: "
            "pip uninstall -y onnxruntime onnxruntime-gpu && pip install -e '.[gpu]' (or '.[cpu]')."
        )
    elif gpu and not installed["onnxruntime-gpu"]:
        found.append(
            f"There is a GPU ({gpu}), but ONNX Runtime is the CPU build, so models run on the CPU. "
            "pip uninstall -y onnxruntime && pip install -e '.[gpu]'."
        )
    elif installed["onnxruntime-gpu"] and not gpu:
        found.append(
            "onnxruntime-gpu is installed, but no GPU answers. Check the driver with nvidia-smi, or install '.[cpu]'."
        )
    elif installed["onnxruntime-gpu"] and CUDA not in providers:
        found.append(
            "onnxruntime-gpu is installed, but offers no CUDA. Reinstall it: pip install --force-reinstall -e '.[gpu]'."
        )
    if installed["torch"] and not (installed["onnx"] and installed["onnxscript"]):
        found.append(
            "torch is here, but onnx or onnxscript is not: training could not export. pip install -e '.[train]'."
        )
    return found


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu() -> str | None:
    if not shutil.which("nvidia-smi"):
        return None
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    return answer.stdout.strip().replace("\n", "; ") or None
