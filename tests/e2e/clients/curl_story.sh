#!/bin/sh
# Run by scripts.py: JSON-2 as Odoo's documentation shows it.
set -eu
url=$1 database=$2 key=$4 name=$5
call() {
    curl --silent --show-error --request POST "$url/json/2/res.partner/$1" --json "$2" \
        --header "Authorization: bearer $key" --header "X-Odoo-Database: $database"
}
found=$(call search '{"domain": [["is_company", "=", true]]}')
created=$(call create "{\"vals_list\": [{\"name\": \"$name\"}]}")
refusal=$(call unlink "{\"ids\": $created}")
printf '{"found": %s, "created": %s, "refusal": %s}' "$found" "$created" "$refusal"
