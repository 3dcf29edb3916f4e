# Short names for the scripts; each of them says more with --help.
.PHONY: help build test check quickstart compose/up compose/down compose/wipe compose/logs

COMPOSE ?= docker compose -f docker/compose.yaml

help:
	@echo "make build         set up and build (release)"
	@echo "make test          all tests, with a real broker"
	@echo "make check         format, layers, shell scripts"
	@echo "make quickstart    build, start, play the walkthrough, keep running"
	@echo "make compose/up    Kafka and the collector in containers, input on localhost:9092"
	@echo "make compose/down  stop them; the data stays (compose/wipe deletes it)"

build:
	scripts/build

test:
	scripts/test

check:
	scripts/check

quickstart:
	scripts/quickstart

compose/up:
	$(COMPOSE) up --build --detach --wait
	@echo "Kafka: localhost:9092, topic eventbus-collector; the collector's page: http://localhost:8080"

compose/down:
	$(COMPOSE) down

compose/wipe:
	$(COMPOSE) down --volumes

compose/logs:
	$(COMPOSE) logs --follow collector
