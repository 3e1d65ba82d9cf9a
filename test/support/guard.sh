#!/usr/bin/env bash
# Waits for the test runner to end or to let go (end of standard input), however that happens, then
# ends what a server under test left behind and removes its folder.
# usage: guard.sh <folder> <data dir>
set -u
# The whole group may get a signal, the guard has to outlive it.
trap "" INT TERM HUP
folder=$1 data=$2
cat >/dev/null
for process in /proc/[0-9]*; do
  pid=${process#/proc/}
  exe=$(readlink "$process/exe" 2>/dev/null) || continue
  if [[ $exe == "$data"/livekit/* ]] ||
    tr '\0' '\n' <"$process/environ" 2>/dev/null | grep -qxF "GOLIVE_CONFIG=$folder/golive.config.yaml"; then
    kill -KILL "$pid" 2>/dev/null
  fi
done
rm -rf -- "$folder"
