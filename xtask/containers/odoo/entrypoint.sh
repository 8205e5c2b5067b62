#!/bin/bash
# As much of the public image's entry point as docker-compose.yml uses: the connection is given on the command line.
set -euo pipefail

if [ -v PASSWORD_FILE ]; then
    PASSWORD=$(cat "$PASSWORD_FILE")
fi
if [ "$1" != odoo ]; then
    exec "$@"
fi
for _ in $(seq 30); do
    pg_isready --quiet --host="$HOST" && break
    sleep 1
done
exec "$@" --db_host "$HOST" --db_port 5432 --db_user "$USER" --db_password "$PASSWORD"
