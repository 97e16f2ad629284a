# Two commands on a fresh machine, needing nothing but python3: `make demo` and `make test`.

PYTHON ?= python3
ZOO ?= zoo-data
PORT ?=

.PHONY: demo test check zoo screens bench bench-train bench-serve bench-app bench-scale bench-gpu bench-long reproduce clean

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

# docs/benchmarks.md: ours beside the floor of this machine and other libraries, which are installed into .peers/.
bench-train: .venv/.installed
	.venv/bin/python -m benchmarks.train_ease
	.venv/bin/python -m benchmarks.train_neural

bench-serve: .venv/.installed
	.venv/bin/python -m benchmarks.serve

bench-app: .venv/.installed
	.venv/bin/python -m benchmarks.taste_change --zoo $(ZOO)
	.venv/bin/python benchmarks/app.py --zoo $(ZOO)

MOST ?= 10000
bench-scale: .venv/.installed
	.venv/bin/python -m benchmarks.scale --most $(MOST)

bench-gpu: .venv/.installed
	.venv/bin/python -m benchmarks.gpu_ease
	.venv/bin/python -m benchmarks.train_neural --device cuda
	.venv/bin/python -m benchmarks.gpu_serve

# Half an hour; the long ones take hours.
bench: bench-train bench-serve bench-app bench-scale

bench-long: .venv/.installed
	.venv/bin/python -m benchmarks.train_ease --data $(DATA)/gowalla
	.venv/bin/python -m benchmarks.train_ease --users 300000 --items 150000 --interactions 20000000 --only ease_sparse sansa
	.venv/bin/python -m benchmarks.train_neural --users 137000
	.venv/bin/python -m benchmarks.scale --most 20000

# training/README.md's tables: DATA holds the folders ml-latest-small, goodbooks-10k-v1 and gowalla. Hours.
DATA ?= $(MENAGERIE_TEST_DATA)
reproduce: .venv/.installed
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced --write training/README.md

clean:
	rm -rf .venv .venv-app *.egg-info
