"""The process that trains: bounds itself, steps back behind whoever uses the app, and ends with the app.

    python -m zoo.jobs.worker BYTES MODULE ARGUMENT...        BYTES: of memory; MODULE: such as training

Its standard input is a pipe that the app holds open. However the app ends, also by kill -9, the pipe ends with it, and
then this process and whatever it started are killed: nobody would take what they make.
"""

import os
import runpy
import signal
import sys
import threading

OUT_OF_MEMORY = 40  # exit status
NICE = 10
NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")  # torch raises RuntimeErrors


def main() -> None:
    most, module, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_the_app, daemon=True).start()
    confine(int(most))
    os.nice(NICE)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except RuntimeError as error:
        if any(sign in str(error) for sign in NO_MEMORY):
            sys.exit(OUT_OF_MEMORY)
        raise


def confine(most: int) -> None:
    """Bound what this process may allocate, bytes; no core dump.

    RLIMIT_DATA counts what may be written and is nobody else's. RLIMIT_AS would also count libraries, files that are
    mapped, and what a GPU's driver reserves without using it, which is more than most machines have.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _end_with_the_app() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
