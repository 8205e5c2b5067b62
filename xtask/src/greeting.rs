//! What `up` prints when everything runs.

use std::path::Path;

use lictor_xtask::control_plane::ADMIN_TOKEN;
use lictor_xtask::seed::{ADMIN, ADMIN_PASSWORD, FirstKey};
use lictor_xtask::state::{State, UpFile};

/// The addresses, and commands to paste. `template` is for the profile of a first key that is still to be made.
pub(crate) fn text(state: &State, up: &UpFile, first: Option<&FirstKey>, template: &str) -> String {
    let UpFile { gate_url, api_url, odoo_url, .. } = up;
    let file = state.file("up.json").display().to_string();
    let lictor = lictor(state, up);
    let head = format!(
        "\nThe gate runs, in front of {odoo_url}\n\
         \n  gate (for API clients)  {gate_url}\n  control plane           {api_url}\n  \
         tokens and addresses    {file}\n{console}",
        console = console(state, api_url),
    );
    let behind = match up.pids.standin {
        Some(_) => "\nThe Odoo behind it is a stand-in with a few partners in memory.\n",
        None => "",
    };
    let rest = match first {
        Some(first) => format!(
            "\nThe first key has the profile {profile}, made of the template of that name, and nothing else:\n{allows}\n\
             Paste this for a call that is allowed and one that is refused:\n{python}\n\
             The command line, what the gate has recorded, and what the key may do:\n\n{lictor}lictor audit list\n\
             lictor permission list --profile {profile}\n{changes}",
            profile = first.profile,
            allows = first.allows,
            python = python(gate_url, first),
            changes = changes(&first.profile, &first.prefix),
        ),
        None => format!(
            "\nNobody may call yet. Line by line, with a DATABASE of your Odoo and the LOGIN of somebody there who is no \
             administrator (or with --privileged behind it, for a first look), make a user, a profile of the template \
             {template}, and a key that has it:\n\n{lictor}{commands}\nThe key stands where the password stood: give it to a client \
             that calls {gate_url}, and see with `lictor audit list` what became of its calls.\n{changes}",
            commands = first_key(template),
            changes = changes(template, "KEY"),
        ),
    };
    format!("{head}{behind}{rest}")
}

/// Where people look and click. The password is read from its file, as the token is.
fn console(state: &State, api_url: &str) -> String {
    let password = state.file(ADMIN_PASSWORD);
    if !password.exists() {
        return String::new();
    }
    format!(
        "\nThe console does all of this in a browser: open {api_url}, and sign in as {ADMIN} with the password that this \
         prints:\n\ncat {}\n",
        password.display()
    )
}

/// For an Odoo of which nothing is known. The password is typed, so that it is not in the shell's history.
fn first_key(template: &str) -> String {
    format!(
        r#"read -rsp "The user's Odoo password or API key: " ODOO_SECRET; export ODOO_SECRET
lictor user create --name agent --database DATABASE --login LOGIN --secret-env ODOO_SECRET
lictor profile create {template} --template {template}
lictor key create --user agent --name first --profiles {template}
"#
    )
}

/// How a key gets other rights: one thing more, or another profile.
fn changes(profile: &str, key: &str) -> String {
    format!(
        "\nTo allow something more, as a refusal names it, or to give the key another profile (`lictor profile create \
         --help` lists the templates):\n\n\
         lictor permission update res.partner --profile {profile} --delete\n\
         lictor profile create analyst --template read-only-analyst\n\
         lictor key update {key} --profiles analyst\n"
    )
}

fn python(gate_url: &str, FirstKey { database, login, key, .. }: &FirstKey) -> String {
    format!(
        r#"
python3 - <<'END'
import xmlrpc.client
url, db, login, key = {gate_url:?}, {database:?}, {login:?}, {key:?}
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
