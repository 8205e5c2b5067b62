//! CSV (RFC 4180) that spreadsheets cannot take for formulas.

/// One line: cells with commas between them, and CRLF.
pub fn line<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    format!("{}\r\n", cells.join(","))
}

/// A text that a spreadsheet would run as a formula begins with an apostrophe instead; the characters are those of
/// OWASP's "CSV Injection", with the full-width forms that some spreadsheets read alike.
fn cell(text: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    // Also what separates cells elsewhere: a cell must not fall apart into one that begins with a formula.
    const QUOTED: [char; 8] = [',', ';', '"', '\'', '\t', '\r', '\n', '|'];
    let mark = if text.starts_with(FORMULA) { "'" } else { "" };
    if mark.is_empty() && !text.contains(QUOTED) {
        return text.to_owned();
    }
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text() {
        for (text, written) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("＝1", "\"'＝1\""),
            ("a;=1", "\"a;=1\""),
        ] {
            assert_eq!(cell(text), written);
        }
        assert_eq!(line(["a", "=b"]), "a,\"'=b\"\r\n");
    }
}
