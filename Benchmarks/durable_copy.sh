#!/bin/sh
# durable_copy.sh FROM TO: copies a folder and waits until the copy is on the disk, as pxebuild does with
# what it places.
set -eu
cp -r "$1" "$2"
find "$2" -exec sync {} +
