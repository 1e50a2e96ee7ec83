#!/bin/sh
# Teaches the version that ships with Punchline the jokes beside this file, judges what came of it,
# and lets it tell some. Every command is shown before it runs; each can be typed by hand.
set -eu

here=$(dirname "$0")
models=${MODELS:-models}

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

rm -rf "$models/demo" "$models/demo.run" "$models/demo.corpus"
show python -m finetune prepare "$here/jokes.csv" --held-out 0.15 --out "$models/demo.corpus"
show python -m finetune train --recipe demo --parent punchline-starter \
    --data "$models/demo.corpus" --out "$models/demo" --proof 60
show python -m finetune evaluate "$models/demo" --against punchline-starter \
    --data "$models/demo.corpus" --jokes 100 --topics 20 --out "$models/demo.evaluation.json"
export PUNCHLINE_MODEL__VERSION="$models/demo"
printf '\n$ export PUNCHLINE_MODEL__VERSION=%s\n' "$PUNCHLINE_MODEL__VERSION"
show punchline tell --about robots
show punchline tell --about penguins
show punchline tell --number 3
printf '\nThe report is %s/demo/report.html; talk to the new model with: make chat\n' "$models"
