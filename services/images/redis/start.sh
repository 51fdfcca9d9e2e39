#!/bin/sh
# Start of Redis' container. The configuration comes by the environment and standard input, so that it
# is neither on a command line nor in a file.
#
# REDIS_CONFIG   the text of redis.conf; components/app-server/redis-config.ts renders it
set -eu

if [ -z "${REDIS_CONFIG:-}" ]; then
  # 78: without its users it would let everybody in.
  echo "REDIS_CONFIG is empty: give the text of redis.conf." >&2
  exit 78
fi
config=$REDIS_CONFIG
unset REDIS_CONFIG
exec redis-server - <<END
$config
END
