"How music feels: valence and arousal of a song, and along it, with an honest interval."
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentio.emotion import Emotion as Emotion
    from sentio.predict import CallableModule
    from sentio.predict import Predictor as Predictor
    predict: CallableModule

from . import runtime as runtime  # before any library that sends how it is used

try:
    __version__ = version("sentio")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

_HOMES = {"predict": "sentio.predict", "Predictor": "sentio.predict", "Emotion": "sentio.emotion"}


def __getattr__(name: str) -> Any:
    "What is offered here is imported when it is asked for, so that `import sentio` stays light."
    if name not in _HOMES: raise AttributeError(f"module 'sentio' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if module.__name__ == f"sentio.{name}" else getattr(module, name)


def __dir__() -> list[str]: return sorted({*globals(), *_HOMES})
