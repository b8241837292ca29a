"The package as `settings.ini` describes it."
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

parser = ConfigParser(delimiters=["="], interpolation=None)
parser.read("settings.ini", encoding="utf-8")
cfg = parser["DEFAULT"]
extras = {k.removesuffix("_requirements"): v.split() for k, v in cfg.items() if k.endswith("_requirements")}

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=Path("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    keywords=cfg["keywords"].split(),
    author=cfg["author"],
    author_email=cfg["author_email"],
    license=cfg["license"],
    python_requires=">=" + cfg["min_python"],
    packages=find_packages(include=["sentio", "sentio.*"]),
    package_data={"sentio": ["py.typed", "data/**/*"]},
    install_requires=cfg["requirements"].split(),
    extras_require=extras,
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": ["sentio = sentio._modidx:d"]},
)
