"""A day of an agent that means no harm opens no alert above low."""

from pathlib import Path

from parts.odoo import Odoo
from support.gate import Gate, eventually
from support.harmless import carry_out


def test_a_day_of_a_harmless_agent_opens_no_alert_above_low(own_gate: Gate, odoo: Odoo, tmp_path: Path) -> None:
    carry_out(own_gate, odoo, tmp_path)
    assert eventually(lambda: own_gate.audit(reason="session_limit")[4:])
    assert len(own_gate.audit(outcome="denied")) > 40, "nothing went wrong on this day"
    alerts = own_gate.api("GET", "alerts")["items"]
    assert {alert["severity"] for alert in alerts} == {"low"}, alerts
    assert {"permission_denied", "suspicious_activity"} <= {alert["type"] for alert in alerts}
