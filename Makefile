# Two commands on a fresh machine, needing nothing but python3: `make demo` and `make test`.

PYTHON ?= python3
ZOO ?= zoo-data
PORT ?=

.PHONY: demo test check zoo screens bench reproduce clean

# .venv-app: what the app needs, without torch. .venv: everything.
.venv-app/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-app
	.venv-app/bin/python -m pip install --quiet --editable '.[cpu]'
	touch $@

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --editable '.[check]'
	touch $@

demo: .venv-app/.installed
	.venv-app/bin/menagerie serve --zoo $(ZOO) $(if $(PORT),--port $(PORT))

test: .venv/.installed
	.venv/bin/python -m pytest

check: .venv/.installed
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

# The films that the app begins with, trained anew. Weights in 16 bits: half the size.
zoo: .venv/.installed
	rm -rf $(ZOO)/films
	.venv/bin/menagerie train all --data films --float16 --out $(ZOO)
	.venv/bin/menagerie verify $(ZOO)

screens: .venv/.installed
	.venv/bin/python -m tests.browser.screens --zoo $(ZOO) --out screens

bench: .venv/.installed
	.venv/bin/python benchmarks/item_item_graphs.py
	.venv/bin/python -m benchmarks.taste_change --zoo $(ZOO)
	.venv/bin/python benchmarks/app.py --zoo $(ZOO)

# training/README.md's tables: DATA holds the folders ml-latest-small, goodbooks-10k-v1 and gowalla. Hours.
DATA ?= $(MENAGERIE_TEST_DATA)
reproduce: .venv/.installed
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced --write training/README.md

clean:
	rm -rf .venv .venv-app *.egg-info
