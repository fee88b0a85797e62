#!/bin/sh
# The five targets of the wiki page by plain make, in the order that is best for it; or one of them.
# usage: plain_make.sh CHECKOUT/src EMBED COMMIT EPOCH JOBS [GOAL ID]
# ID replaces what upstream computes from the objects; it is 0x12345678 when all five are made.
set -eu
src=$1 embed=$2 commit=$3 epoch=$4 jobs=$5
export SOURCE_DATE_EPOCH="$epoch" LC_ALL=C.UTF-8 TZ=UTC

build() {
  make -s -C "$src" -j"$jobs" "$1" EMBED="$embed" GITVERSION="$commit" BUILD_ID_CMD="echo $2" >/dev/null
}

if [ $# -gt 5 ]; then
  build "$6" "$7"
  exit
fi
for goal in bin/undionly.kpxe bin/ipxe.usb bin-x86_64-efi/ipxe.efi bin-x86_64-efi/ipxe.usb \
  bin-i386-efi/ipxe.efi; do
  build "$goal" 0x12345678
done
