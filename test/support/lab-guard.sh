#!/usr/bin/env bash
# Waits for the test runner to end or to let go (end of standard input), however that happens, then
# ends what still runs in a lab's network namespaces and removes them.
# usage: lab-guard.sh <folder> <namespace>...
set -u
# The whole group may get a signal, the guard has to outlive it.
trap "" INT TERM HUP
folder=$1
shift
cat >/dev/null
for namespace; do
  for _ in {1..50}; do
    pids=$(ip netns pids "$namespace" 2>/dev/null)
    [ -n "$pids" ] || break
    kill -KILL $pids 2>/dev/null
    sleep 0.1
  done
  ip netns del "$namespace" 2>/dev/null
  rm -rf -- "/etc/netns/$namespace"
done
rm -rf -- "$folder"
