"""What is installed here, what is wrong with it, and how to mend it."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zoo.errors import ZooError
from zoo.placement import CUDA
from zoo.registry import Zoo
from zoo.runtime import Model, versions
from zoo.serving import folder
from zoo.settings import Settings, shown, size_text, variable

PACKAGES = ("streamlit", "polars", "numpy", "scipy", "onnxruntime", "onnxruntime-gpu", "torch", "onnx", "onnxscript")


@dataclass
class Diagnosis:
    facts: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)  # variable -> value, and where it came from; no secrets
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
    try:
        settings = Settings.from_environment()
    except ZooError as error:
        found.problems.append(str(error))
        return found
    found.settings = told(settings, os.environ)
    zoo = _place(settings)
    found.facts["zoo"] = f"{zoo}: {', '.join(Zoo(zoo).datasets()) or 'no data set'}"
    found.problems += unmet(settings, providers)
    try:
        found.facts["where models run"] = where_models_run(Zoo(zoo), settings) or "no model to try"
    except ZooError as error:
        found.facts["where models run"] = f"could not be tried: {error}"  # `menagerie verify` looks at the zoo
    return found


def told(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Every setting as it holds, and where it came from."""
    found = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        text = size_text(value) if name.endswith("_bytes") else shown(name, value)
        text = ("on" if value else "off") if isinstance(value, bool) else text
        where = "environment" if environment.get(variable(name), "").strip() else "default"
        found[variable(name)] = f"{text or 'none'} ({where})"
    return found


def _place(settings: Settings) -> Path:
    """The folder of the zoo; of one that lies elsewhere, where it is kept."""
    if isinstance(settings.zoo, Path):
        return Path(folder())
    from zoo.remote.mirror import Mirror

    return Mirror(settings).root


def where_models_run(zoo: Zoo, settings: Settings) -> str | None:
    """What ONNX Runtime says of the smallest model of the zoo, opened as the app opens it; None where there is none."""
    found = [(dataset, name) for dataset in map(zoo.dataset, zoo.datasets()) for name in dataset.model_names()]
    if not found:
        return None
    dataset, name = min(found, key=lambda one: _bytes(one[0].path / one[1]))
    with dataset.model(name) as folder:
        placement = Model(folder, settings).placement["rows"]
    return f"{dataset.name}/{name}: {placement.sentence()}"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def unmet(settings: Settings, providers: list[str]) -> list[str]:
    """What the settings ask for and this installation cannot give."""
    if settings.provider != "cuda" or CUDA in providers:
        return []
    return [
        "MENAGERIE_PROVIDER is cuda, but ONNX Runtime offers no CUDA here, so no model will answer. Set it to auto or "
        "cpu, or install '.[gpu]' on a machine with a GPU."
    ]


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
