//! What `up` prints when everything runs.

use std::path::Path;

use lictor_xtask::control_plane::ADMIN_TOKEN;
use lictor_xtask::seed::{DATABASE, LOGIN};
use lictor_xtask::state::{State, UpFile};

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
        text.push_str(&format!("\nThe command line, and what the gate has recorded:\n\n{}", lictor(state, up)));
        text.push_str("lictor audit list\n");
    } else {
        text.push_str(&format!(
            "\nNobody may call yet. Line by line, with a DATABASE of your Odoo and the LOGIN of somebody there who is no \
             administrator (or with --privileged behind it, for a first look), make a user, a permission and a \
             key:\n\n{}{FIRST_KEY}\nThe key stands where the password stood: give it to a client that calls {gate_url}, and \
             see with `lictor audit list` what became of its calls.\n",
            lictor(state, up)
        ));
    }
    text
}

/// For an Odoo of which nothing is known. The password is typed, so that it is not in the shell's history.
const FIRST_KEY: &str = r#"read -rsp "The user's Odoo password or API key: " ODOO_SECRET; export ODOO_SECRET
lictor user create --name agent --database DATABASE --login LOGIN --secret-env ODOO_SECRET
lictor permission put res.partner --read
lictor key create --user agent --name first
"#;

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
        "export PATH=\"{}:$PATH\" LICTOR_URL={} LICTOR_TOKEN_FILE={}\n",
        up.lictor.parent().unwrap_or(Path::new(".")).display(),
        up.api_url,
        state.file(ADMIN_TOKEN).display()
    )
}
