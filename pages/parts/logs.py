"""Streamlit's own messages and the web server's in the form of our log, and without what visitors typed."""

import logging
import re
from typing import Literal

from streamlit import logger as streamlit_logger

from zoo import logs

PLACEHOLDER = re.compile(r"%[-#0 +]*\d*[a-z]", re.IGNORECASE)
QUOTES_VISITORS = ("streamlit.web.server", "streamlit.auth_util")  # headers, and what stands behind a question mark
QUOTE_ADDRESSES = ("uvicorn", "httpx", "authlib")  # where nothing is wrong
SAID_BY_US = {  # with more, or better
    "streamlit.error_util": "Uncaught app execution",  # pages/parts/faults.py
    "streamlit.runtime.caching.cache_data_api": "No runtime found",  # a cached function is defined before it serves
}


def set_up(form: Literal["text", "json"]) -> None:
    """Once, before anything is served; loggers that Streamlit makes later follow."""
    logs.set_up(form)
    streamlit_logger.setup_formatter = _through_ours
    streamlit_logger.update_formatter()
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "httpx", "authlib"):
        _through_ours(logging.getLogger(name))
    if form == "text":  # a person reads along, and wants no line for every click
        logging.getLogger("menagerie.request").setLevel(logging.WARNING)


def _through_ours(logger: logging.Logger) -> None:
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
    logger.propagate = logger.name != "uvicorn.access"
    logger.addFilter(_quiet)


def _quiet(record: logging.LogRecord) -> bool:
    if record.levelno < logging.WARNING and record.name.startswith(QUOTE_ADDRESSES):
        return False
    if record.name.startswith(QUOTES_VISITORS) and record.args:
        record.msg, record.args = PLACEHOLDER.sub("…", str(record.msg)), ()
    return not (said := SAID_BY_US.get(record.name)) or said not in str(record.msg)
