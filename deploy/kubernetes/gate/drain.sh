# Drains Envoy before it is told to end, as docs/operate/stopping.md says: SIGTERM would cut calls off and lose the events
# that the filter holds. Perl, as Envoy's image has it and nothing else that speaks to a Unix socket.
set -eu
ask() {
    perl -MIO::Socket::UNIX -e '
        $admin = IO::Socket::UNIX->new(Peer => "/run/lictor/admin.sock") or die "no admin interface: $!\n";
        print $admin "$ARGV[0] $ARGV[1] HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        print while <$admin>;' "$@"
}
ask POST /healthcheck/fail > /dev/null
# Until every load balancer has noticed that this gate is not ready.
sleep "${NOTICE_SECONDS:-10}"
ask POST '/drain_listeners?inboundonly' > /dev/null
for _ in $(seq 60); do
    held=$(ask GET '/stats?filter=(lictor_gate.downstream_rq_active|lictor.audit_pending)$' | grep -c ': [1-9]' || true)
    test "$held" != 0 || exit 0
    sleep 1
done
