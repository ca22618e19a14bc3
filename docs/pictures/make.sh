#!/usr/bin/env bash
# Draws the pictures in these docs with the program itself: docs/pictures/make.sh [PROGRAM]
# Where ImageMagick is installed, they are reduced to 256 colours: a sixth of the size.
set -euo pipefail
cd "$(dirname "$0")"
program=${1:-headlight}
text="When Mary and John went to the store, John gave a drink to"
draw() { # NAME VIEW [OPTIONS]
  local name=$1 view=$2
  shift 2
  "$program" shot --view "$view" --text "$text" --size 1600x900 --out "$name.png" "$@"
  if command -v convert > /dev/null; then
    convert "$name.png" +dither -colors 256 -define png:compression-level=9 "PNG8:$name.png"
  fi
}
draw machine machine
views="tokens embeddings positions heads attention context mlp lens output sampling generation experiment compare"
for view in $views; do
  draw "$view" "$view"
done
draw arcs attention --tab arcs
draw light heads --theme light
draw projector heads --theme projector
draw learning learning --learn 800
draw learning-attention attention --tab matrix --learn 800 --select layer=1,head=3
# The lesson has a sentence of its own.
text="The cat chased the mouse because it was hungry."
draw lesson attention --tab arcs --lesson 050-attention:2 --select token=6,layer=7,head=6
draw presenting attention --tab matrix --lesson 050-attention:2 --presenting --theme projector --select token=6,layer=7,head=6
