#!/usr/bin/env bash
# Opens a group of three jobs, reports each of them, and waits for the one outcome. kcat and jq.
# BROKERS and TOPIC name the bus. Exit code 0 on Success, 1 on Failure, 2 when nothing came.
set -euo pipefail
brokers=${BROKERS:-localhost:9092} topic=${TOPIC:-eventbus-collector}
group=order-$RANDOM-$$-$(date +%s%N)

# The key is the group's id, spread over the partitions as Java's producers do it: then each event lies where its group is.
send() { # EVENT
  kcat -P -b "$brokers" -t "$topic" -K $'\t' -X partitioner=murmur2_random <<<"$group"$'\t'"$1"
}

# Listen first, from the present on: so the outcome can't be missed. read_committed is kcat's default.
outcome=$(mktemp)
kcat -C -b "$brokers" -t "$topic" -o end -u >"$outcome" 2>/dev/null &
listener=$!
trap 'kill $listener 2>/dev/null; rm -f "$outcome"' EXIT
sleep 3

send "$(jq -cn --arg id "$group" '{id: $id, type: "EventGroupCollectorCreate", expected: ["payment", "stock", "label"], ttl: 30, payload: {order: 7}}')"
for job in payment stock label; do
  send "$(jq -cn --arg id "$job" --arg group "$group" '{id: $id, type: "EventGroupCollectorEntityDone", group: $group, result: {ok: true}}')"
done

for _ in {1..400}; do
  found=$(jq -Rc --arg id "$group" 'fromjson? | select(.id == $id and (.type | test("Success$|Failure$")))' <"$outcome" | head -n 1)
  if [[ -n $found ]]; then
    echo "$found"
    [[ $(jq -r .type <<<"$found") == EventGroupCollectorSuccess ]]
    exit
  fi
  sleep 0.1
done
echo "no outcome of $group" >&2
exit 2
