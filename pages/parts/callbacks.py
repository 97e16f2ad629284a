"""What a widget's callback begins, it ends.

Streamlit breaks a run off where that looks into its session while the next message of the browser waits: before a
callback is called, and in the midst of it. A press is told once: it would be lost, or done by half. (Seen: a button
pressed two milliseconds before another one.)
"""

from typing import Any

from streamlit.runtime.state.safe_session_state import SafeSessionState

_will_rerun = SafeSessionState.on_script_will_rerun


def done_whole() -> None:
    """Once, before anybody comes: the next message waits until all callbacks of this one have been called."""

    def on_script_will_rerun(self: SafeSessionState, *arguments: Any, **named: Any) -> None:
        breaks_off = self._yield_callback
        object.__setattr__(self, "_yield_callback", lambda: None)  # its own __setattr__ is that of the session
        try:
            _will_rerun(self, *arguments, **named)
        finally:
            object.__setattr__(self, "_yield_callback", breaks_off)

    SafeSessionState.on_script_will_rerun = on_script_will_rerun  # type: ignore[method-assign]
