"""The real server, which also says on standard output when the object that holds a session is gone."""

import runpy
import weakref

from pages.parts import state

make = state.Session.__init__


def told(self: state.Session, *given: object, **named: object) -> None:
    make(self, *given, **named)
    weakref.finalize(self, print, "a session ended", flush=True)


state.Session.__init__ = told

if __name__ == "__main__":
    runpy.run_module("pages.parts.server", run_name="__main__")
