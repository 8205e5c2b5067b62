#!/bin/bash
# As much of the public image's entry point as docker-compose.yml uses.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
    install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA" /var/run/postgresql
    # Only root may read the file, which is a secret of Compose or a volume.
    POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    export POSTGRES_PASSWORD
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-host=scram-sha-256 \
        --auth-local=trust --encoding=UTF8
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
fi
unset POSTGRES_PASSWORD
exec "$@"
