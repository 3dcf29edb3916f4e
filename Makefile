# Short names for the scripts; each of them says more with --help.
.PHONY: help build test check quickstart compose/up compose/monitoring compose/down compose/wipe compose/logs

COMPOSE ?= docker compose -f docker/compose.yaml

help:
	@echo "make build         set up and build (release)"
	@echo "make test          all tests, with a real broker"
	@echo "make check         format, layers, shell scripts"
	@echo "make quickstart    build, start, play the walkthrough, keep running"
	@echo "make compose/up    Kafka and three collectors in containers, input on localhost:9092"
	@echo "make compose/monitoring  the same with Prometheus and Grafana (localhost:3000)"
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
	@echo "Kafka: localhost:9092, topic eventbus-collector; the collectors: http://localhost:8080 to 8082"

compose/monitoring:
	$(COMPOSE) --profile monitoring up --build --detach --wait
	@echo "Grafana: http://localhost:3000; Prometheus: http://localhost:9090"

compose/down:
	$(COMPOSE) --profile monitoring down

compose/wipe:
	$(COMPOSE) --profile monitoring down --volumes

compose/logs:
	$(COMPOSE) logs --follow collector-1 collector-2 collector-3
