"""What ONNX Runtime says when a device fails, and the sentence for whoever asked. Pure."""

SIGNS = ("bad_alloc", "allocat", "bad array new length", "out of memory", "out_of_memory")  # in lower case
INSTEAD = (
    "The GPU could not take this model: its memory is full, or it did not start. The CPU answers in its place, with "
    "the same lists, only later."
)


def out_of_memory(error: Exception) -> bool:
    """
    >>> out_of_memory(RuntimeError("Failed to allocate memory for requested buffer of size 65536"))
    True
    >>> out_of_memory(RuntimeError("CUDA failure 2: out of memory"))
    True
    >>> out_of_memory(RuntimeError("Got invalid dimensions for input"))
    False
    """
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in SIGNS)


def sentence(title: str, error: Exception, gpu: bool) -> str:
    """
    >>> sentence("EASE", RuntimeError("CUDA failure 2: out of memory"), gpu=True)
    'EASE ran out of memory on the GPU. Ask again in a minute, or choose another model.'
    """
    where = " on the GPU" if gpu else ""
    if out_of_memory(error):
        return f"{title} ran out of memory{where}. Ask again in a minute, or choose another model."
    return f"{title} broke off{where} while it answered. Ask again, or choose another model."
