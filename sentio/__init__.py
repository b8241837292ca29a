"How music feels: valence and arousal of a song, and along it, with an honest interval."
from importlib.metadata import PackageNotFoundError, version

from . import runtime as runtime  # before any library that sends how it is used

try:
    __version__ = version("sentio")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
