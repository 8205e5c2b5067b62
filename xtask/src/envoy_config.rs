//! Renders envoy/envoy.yaml and envoy/gate-token.yaml for a local run, line by marked line, with the filter of
//! envoy/native.yaml if it is to run in Envoy's own process.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::host::Host;
use crate::odoo_url::OdooUrl;
use crate::project::Project;

/// Begins the comment that ends a line which is replaced here.
const MARKER: &str = "# xtask: ";

/// Where distributions keep the certificates of the authorities they trust.
const CA_FILES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What differs between the gate of docker-compose.yml and one on this machine.
pub struct Local<'a> {
    /// For API clients, on 127.0.0.1.
    pub gate_port: u16,
    /// Of Envoy's admin interface, on 127.0.0.1.
    pub admin_port: u16,
    /// Of the control plane's side for gates, on 127.0.0.1.
    pub control_plane_port: u16,
    /// The Odoo that is guarded.
    pub odoo: &'a OdooUrl,
    /// Where the filter runs.
    pub host: Host,
    /// The filter, built for that.
    pub filter: &'a Path,
    /// The file of one line that holds the gate's token.
    pub token: &'a Path,
    /// Where the rendered gate-token.yaml will be.
    pub token_document: &'a Path,
}

/// The two documents that Envoy reads.
pub struct Rendered {
    /// `envoy.yaml`.
    pub envoy: String,
    /// `gate-token.yaml`.
    pub token_document: String,
}

/// Renders both, or says which marker is missing.
pub fn render(project: &Project, local: &Local<'_>) -> Result<Rendered> {
    let odoo = format!("socket_address: {{ address: {}, port_value: {} }}", quoted(&local.odoo.host), local.odoo.port);
    let odoo_host = if local.odoo.is_remote_name() { "auto_host_rewrite: true" } else { "" };
    let odoo_tls =
        if local.odoo.tls { tls_block(&local.odoo.host, local.odoo.address().is_some())? } else { String::new() };
    let file = format!("local: {{ filename: {} }}", quoted_path(local.filter)?);
    let template = Template::read(project, "envoy/envoy.yaml")?;
    let template = match local.host {
        Host::Wasm => template.replace("wasm", 1, &file)?.replace("filter", 1, "")?.replace("filter-end", 1, "")?,
        Host::Native => {
            let filter = Template::read(project, "envoy/native.yaml")?.replace("native", 1, &file)?.finish()?;
            template.replace_block("filter", &filter)?
        }
    };
    let envoy = template
        .replace("admin", 1, &loopback(local.admin_port))?
        .replace("gate", 1, &loopback(local.gate_port))?
        .replace("odoo", 1, &odoo)?
        .replace("odoo-host", 2, odoo_host)?
        .replace("odoo-tls", 1, &odoo_tls)?
        .replace("gate-token", 1, &format!("path_config_source: {{ path: {} }}", quoted_path(local.token_document)?))?
        .replace("control-plane", 1, &loopback(local.control_plane_port))?
        .finish()?;
    let token_document = Template::read(project, "envoy/gate-token.yaml")?
        .replace("token", 1, &format!("secret: {{ filename: {} }}", quoted_path(local.token)?))?
        .finish()?;
    Ok(Rendered { envoy, token_document })
}

/// A file whose marked lines are being replaced.
pub struct Template {
    file: &'static str,
    text: String,
}

impl Template {
    /// `file` is a path in the checkout.
    pub fn read(project: &Project, file: &'static str) -> Result<Self> {
        let path = project.root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { file, text })
    }

    /// Replaces every line that ends in this marker, of which there must be `count`; the indentation stays.
    pub fn replace(self, name: &str, count: usize, replacement: &str) -> Result<Self> {
        let marker = format!("{MARKER}{name}");
        let mut found = 0;
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.lines() {
            if line.trim_end().ends_with(&marker) {
                found += 1;
                let indentation: String = line.chars().take_while(|c| *c == ' ').collect();
                for part in replacement.lines() {
                    text.push_str(&format!("{indentation}{part}\n"));
                }
            } else {
                text.push_str(line);
                text.push('\n');
            }
        }
        if found != count {
            bail!("{} has {found} lines that end in `{marker}`; cargo xtask needs {count}", self.file);
        }
        Ok(Self { file: self.file, text })
    }

    /// Replaces the lines from the one that ends in this marker to the one that ends in it with `-end`.
    pub fn replace_block(self, name: &str, replacement: &str) -> Result<Self> {
        let (first, last) = (format!("{MARKER}{name}"), format!("{MARKER}{name}-end"));
        let mut inside = false;
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.lines() {
            if line.ends_with(&first) {
                inside = true;
                text.push_str(line);
                text.push('\n');
            }
            if !inside {
                text.push_str(line);
                text.push('\n');
            }
            inside &= !line.ends_with(&last);
        }
        if inside {
            bail!("{} has no line that ends in `{last}`", self.file);
        }
        Self { text, ..self }.replace(name, 1, replacement)
    }

    /// The text, if no marker is left: one that nobody replaces is a mistake.
    pub fn finish(self) -> Result<String> {
        // A backtick comes before the marker where a comment explains it.
        match self.text.lines().find(|line| line.contains(MARKER) && !line.contains('`')) {
            Some(line) => bail!("{}: cargo xtask does not know the marker in `{}`", self.file, line.trim()),
            None => Ok(self.text),
        }
    }
}

/// An address of this machine.
pub fn loopback(port: u16) -> String {
    format!("socket_address: {{ address: 127.0.0.1, port_value: {port} }}")
}

/// TLS toward Odoo, with the server's certificate checked against the authorities that this machine trusts.
fn tls_block(host: &str, is_address: bool) -> Result<String> {
    let ca = ca_file()?;
    // An address is no server name, and stands in certificates in another place.
    let (sni, kind) = if is_address { (String::new(), "IP_ADDRESS") } else { (format!("\n    sni: {host}"), "DNS") };
    Ok(format!(
        r#"transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext{sni}
    common_tls_context:
      alpn_protocols: [http/1.1]
      validation_context:
        trusted_ca: {{ filename: {ca} }}
        match_typed_subject_alt_names:
          - san_type: {kind}
            matcher: {{ exact: {host} }}
"#,
        ca = quoted_path(&ca)?,
        host = quoted(host),
    ))
}

/// `$SSL_CERT_FILE`, which OpenSSL's programs also follow, else the distribution's.
fn ca_file() -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("SSL_CERT_FILE").filter(|value| !value.is_empty()) {
        return fs::canonicalize(&chosen).with_context(|| format!("SSL_CERT_FILE is {chosen:?}"));
    }
    let found = CA_FILES.iter().map(Path::new).find(|file| file.exists());
    Ok(found.context("found no certificates of authorities: install ca-certificates, or set SSL_CERT_FILE")?.to_owned())
}

/// A text as YAML; every JSON string is one.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A path as YAML.
pub fn quoted_path(path: &Path) -> Result<String> {
    Ok(quoted(path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template { file: "t.yaml", text: text.to_owned() }
    }

    #[test]
    fn replaces_marked_lines_and_keeps_their_indentation() {
        let text = "a:\n  b: 1  # xtask: b\n  # xtask: b-more\n";
        let rendered = template(text).replace("b", 1, "b: 2").unwrap().replace("b-more", 1, "c: 3\nd: 4").unwrap();
        assert_eq!(rendered.finish().unwrap(), "a:\n  b: 2\n  c: 3\n  d: 4\n");
    }

    #[test]
    fn misses_markers_aloud() {
        let error = template("a: 1\n").replace("b", 1, "b: 2").err().unwrap().to_string();
        assert!(error.contains("t.yaml has 0 lines"), "{error}");
        let error = template("a: 1  # xtask: new\n").finish().unwrap_err().to_string();
        assert!(error.contains("does not know"), "{error}");
    }

    #[test]
    fn the_shipped_files_carry_every_marker() {
        let project = Project { root: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), target: PathBuf::new() };
        let file = Path::new("/lictor/file");
        let hosts = [("http://127.0.0.1:8069", Host::Wasm), ("https://erp.example.com", Host::Native)];
        for (odoo, host) in hosts {
            let odoo = odoo.parse().unwrap();
            let local = Local {
                gate_port: 1,
                admin_port: 2,
                control_plane_port: 3,
                odoo: &odoo,
                host,
                filter: file,
                token: file,
                token_document: file,
            };
            let rendered = render(&project, &local).unwrap();
            assert!(!rendered.envoy.contains("/etc/lictor/"), "a path of the container is left");
            assert_eq!(rendered.envoy.contains("auto_host_rewrite: true"), odoo.tls);
            assert_eq!(rendered.envoy.contains("filters.http.wasm"), host == Host::Wasm);
            assert_eq!(rendered.envoy.contains("filters.http.dynamic_modules"), host == Host::Native);
            assert_eq!(rendered.envoy.matches("control_plane_cluster").count(), 1);
        }
    }
}
