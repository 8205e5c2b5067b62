# Writes envoy/production.yaml with the names and ports of this cluster in the place of its `.example`s. Envoy has no
# variables of its own.
set -eu
sed -e "s/address: odoo\.example, port_value: 443 /address: $ODOO_HOST, port_value: $ODOO_PORT /" \
    -e "s/address: control-plane\.example, port_value: 8444 /address: $CONTROL_PLANE_HOST, port_value: $CONTROL_PLANE_PORT /" \
    -e "s/: odoo\.example\b/: $ODOO_HOST/" \
    -e "s/: control-plane\.example\b/: $CONTROL_PLANE_HOST/" \
    /etc/lictor/production.yaml > /run/lictor/envoy.yaml
# A name that is left would be asked for in vain, for ever.
! grep -v '^ *#' /run/lictor/envoy.yaml | grep '\.example\b'
