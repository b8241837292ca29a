# Two commands matter: `make demo` and `make test`. Each sets up what it needs; a second call installs nothing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BASE := $(firstword $(foreach p,python3.13 python3.12 python3.11 python3 python,$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
PY := .venv/bin/python
export OMP_WAIT_POLICY ?= PASSIVE
# DEAM's audio, if it lies in a data folder beside this checkout; SENTIO_DATA says otherwise.
SENTIO_DATA ?= $(patsubst %/DEAM,%,$(firstword $(wildcard $(abspath ../*/data/DEAM))))
export SENTIO_DATA

.PHONY: help demo test bench runs export readme web web-serve mobile docs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

.venv/installed: requirements.lock requirements-torch.lock settings.ini setup.py
	@test -n "$(BASE)" || { echo "Sentio needs Python 3.11 or newer, and none was found on the PATH."; exit 1; }
	$(BASE) -m venv .venv || { echo "python3 -m venv failed: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-torch.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: .venv/installed ## compose a small corpus, train on it, predict it, open the report (no download)
	.venv/bin/sentio demo

test: .venv/installed ## every notebook, types, style, the wheel; ends with "N passed, N failed"
	$(PY) tools/test.py

bench: .venv/installed ## how fast: one printed table, ratios against named references
	$(PY) tools/bench.py

runs: .venv/installed ## train and record every declared run on DEAM; what is recorded is skipped
	.venv/bin/sentio train --all

export: .venv/installed ## write sentio/ from the notebooks, and clean the notebooks
	.venv/bin/nbdev-export
	.venv/bin/nbdev-clean

readme: .venv/installed ## write README.md, and the cards of data and models, from their notebooks
	$(PY) tools/readme.py

# The page in the browser is put together with onnx, in an environment of its own: neither torch nor the rest of the lock.
.venv-web/installed: requirements.lock
	@test -n "$(BASE)" || { echo "Sentio needs Python 3.11 or newer, and none was found on the PATH."; exit 1; }
	$(BASE) -m venv .venv-web || { echo "python3 -m venv failed: on Debian or Ubuntu, apt install python3-venv"; exit 1; }
	@sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' requirements.lock > .venv-web/constraints.txt
	.venv-web/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-web/constraints.txt onnx
	@touch $@

web: .venv-web/installed ## Sentio in the browser, into _web (needs npm, once)
	.venv-web/bin/python tools/web.py

web-serve: .venv-web/installed ## the same, served at http://localhost:8000/ (PORT=8123 make web-serve: elsewhere)
	@.venv-web/bin/python tools/web.py --serve $(or $(PORT),8000)

.venv-mobile/installed: requirements.lock requirements-torch.lock
	$(BASE) -m venv .venv-mobile
	.venv-mobile/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	.venv-mobile/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-torch.lock
	.venv-mobile/bin/python -m pip install --quiet --disable-pip-version-check litert-torch==0.10.0 executorch==1.5.1 coremltools==9.0
	.venv-mobile/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

mobile: .venv-mobile/installed ## the student for LiteRT, ExecuTorch and Core ML, into _mobile (an environment of 3 GB)
	.venv-mobile/bin/python tools/mobile.py

docs: .venv/installed ## the site, into _docs (needs Quarto 1.6 or newer)
	@printf '1.6\n%s\n' "$$(quarto --version 2>/dev/null || echo 0)" | sort -VC || { echo "The site is rendered by Quarto 1.6 or newer, and this machine has $$(quarto --version 2>/dev/null || echo none). Install it from https://quarto.org/docs/get-started, then run make docs again."; exit 1; }
	.venv/bin/nbdev-docs
	$(PY) tools/web.py --out _docs/listen

clean: ## remove what can be made again
	rm -rf build dist _docs _web _mobile _proc sentio-demo *.egg-info
