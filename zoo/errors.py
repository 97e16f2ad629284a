"""The errors that a person may meet. Each sentence says what is wrong, where, and what to do."""


class ZooError(Exception):
    """Anything that the caller can mend: caught once, at the edge (a page, the command line), shown as its sentence."""


class DataError(ZooError):
    """Interactions, items or a split that cannot be used as they are."""


class CardError(ZooError):
    """A model folder whose card, manifest or files do not say the same thing."""


class ModelError(ZooError):
    """A model that cannot be trained, loaded or asked this question."""
