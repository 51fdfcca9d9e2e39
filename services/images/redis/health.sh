#!/bin/sh
# Whether Redis answers. "NOAUTH" is an answer: nobody is let in without a name.
#
# REDIS_PORT   where it listens
redis-cli -p "${REDIS_PORT:-6379}" ping 2>&1 | grep -Eq '^(PONG|NOAUTH)'
