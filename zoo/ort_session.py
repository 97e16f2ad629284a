"""Sessions of ONNX Runtime, and what it raises: all that a process needs which runs one graph and nothing else."""

from functools import cache

import onnxruntime as ort

from zoo import telemetry
from zoo.errors import ModelError
from zoo.placement import CPU, CUDA
from zoo.settings import Settings

_ort = ort.capi.onnxruntime_pybind11_state
ORT_ERRORS: tuple[type[Exception], ...] = (  # everything that ONNX Runtime raises
    _ort.DeviceReset, _ort.EPFail, _ort.EngineError, _ort.Fail, _ort.InvalidArgument, _ort.InvalidGraph,
    _ort.InvalidProtobuf, _ort.ModelLoadCanceled, _ort.ModelLoaded, _ort.ModelRequiresCompilation, _ort.NoModel,
    _ort.NoSuchFile, _ort.NotFound, _ort.NotImplemented, _ort.RuntimeException,
)  # fmt: skip


@cache
def _load_cuda_libraries() -> None:
    """Let ONNX Runtime find CUDA and cuDNN in installed Python packages; without them it would fall back in silence."""
    if CUDA in ort.get_available_providers():
        ort.preload_dlls()


def providers_for(wanted: str) -> list[str | tuple[str, dict[str, str]]]:
    """The providers to ask for, best first.

    Raises
    ------
    ModelError if CUDA was asked for by name and this installation of ONNX Runtime has none
    """
    _load_cuda_libraries()
    if wanted == "cpu":
        return [CPU]
    if CUDA not in ort.get_available_providers():
        if wanted == "cuda":
            raise ModelError(
                "CUDA was asked for, but this ONNX Runtime is built without it. Install the gpu extra in place of cpu, "
                "or set MENAGERIE_PROVIDER=auto; `menagerie doctor` tells more."
            )
        return [CPU]
    return [(CUDA, {"arena_extend_strategy": "kSameAsRequested"}), CPU]


def open_session(path: str, settings: Settings, threads: int | None = None) -> ort.InferenceSession:
    """A session on the device that the settings allow. threads: within one operator, in place of the settings' number.

    Raises
    ------
    ModelError if the file is no graph that ONNX Runtime can run, or CUDA was asked for by name and does not start
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.threads if threads is None else threads
    options.log_severity_level = 3
    # Weights stay memory-mapped: packed copies doubled the memory of an item-item model and made it no faster
    options.add_session_config_entry("session.disable_prepacking", "1")
    # Every model has threads of its own. Spinning for the next batch, those of one held back those of all others, and
    # the pages: a run of Compare that explains its lists took twice as long on two busy cores
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")  # for `Graph.placement`
    options.add_session_config_entry("session.load_model_format", "ONNX")  # whatever else the bytes look like
    wanted = providers_for(settings.provider)
    try:
        session = ort.InferenceSession(path, options, providers=wanted)
    except ORT_ERRORS as error:
        if settings.provider == "auto" and len(wanted) > 1:  # the GPU has no room for it, or does not start
            session = open_session(path, settings.model_copy(update={"provider": "cpu"}), threads)
            telemetry.error("A model could not be loaded on the GPU; the CPU takes over.", "runtime")
            return session
        raise ModelError(f"{path} cannot be run: {str(error).splitlines()[0]}. Train or export it again.") from None
    if settings.provider == "cuda" and session.get_providers()[0] != CUDA:
        raise ModelError(
            "CUDA was asked for, but it did not start (driver, CUDA or cuDNN missing or of another version). "
            "`menagerie doctor` tells more; MENAGERIE_PROVIDER=auto runs on the CPU meanwhile."
        )
    return session
