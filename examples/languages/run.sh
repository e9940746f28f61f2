#!/bin/sh
# A small run from the shell: curl sends, awk stands for the training program.
set -eu
url=${AGNEZ_URL:-http://localhost:3000}

# send METHOD PATH BODY; --fail-with-body: anything but 2xx ends the script and says why.
send() {
    curl --silent --show-error --fail-with-body -X "$1" "$url$2" -H 'Content-Type: application/json' -d "$3" >/dev/null
}

# With upsert the cell is made when it is not there; an empty value restarts the line.
send PATCH '/values/shell-loss?upsert=true' '{"board":"shell","type":"line","name":"Loss","value":[]}'

awk 'BEGIN { for (step = 0; step < 50; step++) printf "%d %.17g %.17g\n", step, exp(-step / 12), exp(-step / 12) + step / 500 }' |
    while read -r step train val; do
        send POST /values/shell-loss/points "{\"train\":[[$step,$train]],\"val\":[[$step,$val]]}"
    done

last=$(awk 'BEGIN { printf "%.4f", exp(-49 / 12) }')
send PATCH '/values/shell-note?upsert=true' \
    "{\"board\":\"shell\",\"type\":\"text\",\"name\":\"About this run\",\"value\":\"50 steps, train loss **$last**\"}"
