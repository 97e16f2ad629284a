"""What is asked of the app: many visitors at once for a while, and many sessions one after another."""

import asyncio
import random
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from benchmarks.load.served import Server
from benchmarks.load.tab import Lost, Tab
from benchmarks.load.visitor import Record, Visitor, visit

EVERY = 4.0  # seconds between two changes of one visitor
AT_ONCE = 4  # of the sessions that come one after another
ARRIVING = 30.0  # seconds in which all visitors come, one after another
AROUND = 15  # samples whose median is the memory at a moment: one garbage more or less does not count


@dataclass
class Load:
    """What the app and the generator took meanwhile, once a second."""

    memory: list[int] = field(default_factory=list)  # resident bytes of all the app's processes
    server: float = 0.0  # cores, mean
    generator: float = 0.0
    proxy: float = 0.0

    def at(self, share: float) -> float:
        """Bytes at this share of the time: the median of some samples around it."""
        middle = round(share * (len(self.memory) - 1))
        first = max(0, min(middle - AROUND // 2, len(self.memory) - AROUND))
        return float(np.median(self.memory[first : first + AROUND]))


async def watched(server: Server, work: Awaitable[None]) -> Load:
    load = Load()
    before, own, start = server.seconds(), time.process_time(), time.monotonic()
    proxied = server.proxy_seconds()
    task = asyncio.ensure_future(work)
    while not task.done():
        load.memory.append(server.memory())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 1)
    await task
    seconds = time.monotonic() - start
    load.server = (server.seconds() - before) / seconds
    load.generator = (time.process_time() - own) / seconds
    load.proxy = (server.proxy_seconds() - proxied) / seconds
    return load


def visitors(server: Server, *, n: int, seconds: float, path: str = "", every: float = EVERY) -> tuple[Record, Load]:
    """n people for so long, each changing the taste every few seconds, whatever the app makes of it."""
    record = Record()
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        await asyncio.sleep(min(ARRIVING, seconds / 4) * number / n)
        await visit(server.address, record, random.Random(number), until=until, every=every, path=path)

    async def everybody() -> None:
        await asyncio.gather(*map(one, range(n)))

    return record, asyncio.run(watched(server, everybody()))


def sessions(server: Server, *, n: int) -> tuple[Record, Load]:
    """n sessions that open a page, take a taste, and leave."""
    record = Record()
    numbers = iter(range(n))

    async def some() -> None:
        for number in numbers:
            try:
                async with Tab.opened(server.address) as tab:
                    await Visitor(tab, record, random.Random(number)).arrive()
            except Lost as error:
                record.errors.append(str(error))

    async def everybody() -> None:
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))

    return record, asyncio.run(watched(server, everybody()))


def memory_after(server: Server, seconds: float) -> float:
    """Bytes once the server had that long to forget those who left, and one more came and went: it forgets then."""
    time.sleep(seconds)
    sessions(server, n=1)
    time.sleep(1)
    return float(server.memory())
