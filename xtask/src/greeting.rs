//! What `up` prints when everything runs.

use std::path::Path;

use crate::control_plane::ADMIN_TOKEN;
use crate::seed::{DATABASE, LOGIN};
use crate::state::{State, UpFile};

/// The addresses, and commands to paste.
pub(crate) fn text(state: &State, up: &UpFile) -> String {
    let UpFile { gate_url, api_url, odoo_url, .. } = up;
    let file = state.file("up.json").display().to_string();
    let mut text = format!(
        "\nThe gate runs, in front of {odoo_url}\n\
         \n  gate (for API clients)  {gate_url}\n  control plane           {api_url}\n  \
         tokens and addresses    {file}\n"
    );
    if let Some(key) = &up.key {
        text.push_str(&format!(
            "\nThe Odoo behind it is a stand-in with a few partners in memory. Paste this for a call that is allowed \
             and one that is refused:\n{}",
            python(gate_url, key)
        ));
    } else {
        text.push_str(
            "\nStart with a user, a permission and a key: `lictor user create`, `lictor permission put` and \
             `lictor key create`, as `--help` says.\n",
        );
    }
    text.push_str(&format!("\nThe command line, and what the gate has recorded:\n\n{}", lictor(state, up)));
    text
}

fn python(gate_url: &str, key: &str) -> String {
    format!(
        r#"
python3 - <<'END'
import xmlrpc.client
url, db, login, key = "{gate_url}", "{DATABASE}", "{LOGIN}", "{key}"
uid = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/common").authenticate(db, login, key, {{}})
odoo = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/mcp", allow_none=True)
print(odoo.execute_kw(db, uid, key, "res.partner", "search_read", [[]], {{"fields": ["name"], "limit": 3}}))
try:
    odoo.execute_kw(db, uid, key, "res.partner", "unlink", [[1]])
except xmlrpc.client.Fault as refusal:
    print(refusal.faultCode, refusal.faultString)
END
"#
    )
}

/// The token is read from its file, so that it stands neither on the terminal nor in the shell's history.
fn lictor(state: &State, up: &UpFile) -> String {
    format!(
        "export PATH=\"{}:$PATH\" LICTOR_URL={} LICTOR_TOKEN_FILE={}\nlictor audit list\n",
        up.lictor.parent().unwrap_or(Path::new(".")).display(),
        up.api_url,
        state.file(ADMIN_TOKEN).display()
    )
}
