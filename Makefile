# Two commands on a fresh machine, needing nothing but python3: `make demo` and `make test`.

PYTHON ?= python3
ZOO ?= zoo-data
PORT ?=

.PHONY: demo test check zoo screens bench bench-train bench-serve bench-app bench-scale bench-gpu bench-long reproduce load faults hostile audit lock clean

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

# Two at once, each on one thread; then what a browser sees, alone, for it looks at the clock. Both run in any case, on
# one small zoo, which is trained once.
test: .venv/.installed
	folder=$$(mktemp -d); export MENAGERIE_TINY_ZOO=$$folder/zoo; \
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile --ignore tests/browser; first=$$?; \
	.venv/bin/python -m pytest tests/browser; second=$$?; \
	rm -rf $$folder; exit $$((first + second))

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
	.venv/bin/python -m benchmarks.serve --zoo $(ZOO) --dataset films --only one

bench-app: .venv/.installed
	.venv/bin/python -m benchmarks.taste_change --zoo $(ZOO)
	.venv/bin/python -m benchmarks.app --zoo $(ZOO)

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
	.venv/bin/python -m benchmarks.train_ease --users 300000 --items 150000 --interactions 20000000
	.venv/bin/python -m benchmarks.train_neural --users 137000
	.venv/bin/python -m benchmarks.scale --most 20000

# training/README.md's tables: DATA holds the folders ml-latest-small, goodbooks-10k-v1 and gowalla. Hours.
DATA ?= $(MENAGERIE_TEST_DATA)
reproduce: .venv/.installed
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced
	.venv/bin/python benchmarks/reproduce.py --data $(DATA) --zoo reproduced --write training/README.md

# docs/load.md: 50 visitors for ten minutes on the two processes and the proxy of compose.yaml, and 500 sessions; 14 minutes
PROCESSES ?= 2
load: .venv/.installed
	.venv/bin/python -m benchmarks.load visitors --zoo $(ZOO) --processes $(PROCESSES)
	.venv/bin/python -m benchmarks.load sessions --zoo $(ZOO)

# What is killed, full or broken in the middle, and what strangers send
faults: .venv/.installed
	.venv/bin/python -m pytest -m faults -p tests.faults_table --write docs/faults.md

hostile: .venv/.installed
	.venv/bin/python -m tests.uploads.run --n 2000 --zoo $(ZOO) --write docs/hostile.md

# What the image is made of: known vulnerabilities, licences, secrets in the repository
.venv-audit/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet 'pip-audit>=2.10' 'pip-licenses>=5.5' 'uv>=0.13'
	touch $@

audit: .venv-app/.installed .venv-audit/.installed
	PATH=.venv-audit/bin:$$PATH .venv-audit/bin/python deploy/audit.py --python .venv-app/bin/python

# The packages of the image, exactly: after a change in pyproject.toml, or to take newer ones (UPGRADE=--upgrade)
LOCK = uv pip compile --quiet --python-version 3.13 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' --extra sign-in --extra remote $(UPGRADE)
lock: .venv-audit/.installed
	for runtime in cpu gpu; do echo 'setuptools>=77' | .venv-audit/bin/$(LOCK) --extra $$runtime -o deploy/$$runtime.lock pyproject.toml - ; done

clean:
	rm -rf .venv .venv-app .venv-audit *.egg-info
