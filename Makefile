# Short names for the commands; `sh bin/run` and `sh bin/test` need no make.
PYTHON = .venv/bin/python

.PHONY: run test lint format bench soak setup lock

run:
	sh bin/run

test:
	sh bin/test

setup:
	sh bin/test --setup

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m djlint --check --quiet templates
	$(PYTHON) -m djlint --lint --quiet templates
	$(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
	$(PYTHON) -m djlint --reformat --quiet templates

bench:
	sh -euc '. bin/common'
	$(PYTHON) -m config.devstack manage bench $(BENCH)

soak:
	SOAK=1 sh bin/test tests/test_siege.py

lock:
	$(PYTHON) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" requirements.txt --output-file requirements.lock
