//! A look at the first bytes of Odoo's answer, which is not buffered.

/// Whether an answer's start is a value (`Ok`) or a fault (`Err` with its code, if that is there and a number);
/// nothing if it is not the start of an XML-RPC answer. Odoo's own writer makes it, so its form is fixed.
pub fn peek_answer(head: &[u8]) -> Option<Result<(), Option<i64>>> {
    let head = String::from_utf8_lossy(head);
    let (_, body) = head.split_once("<methodResponse>")?;
    let body = body.trim_start();
    if body.starts_with("<params>") {
        return Some(Ok(()));
    }
    let fault = body.strip_prefix("<fault>")?;
    let code = fault.split_once("<int>").and_then(|(_, rest)| rest.split_once("</int>"));
    Some(Err(code.and_then(|(digits, _)| digits.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odoos_answers_are_told_apart() {
        let start = "<?xml version=\"1.0\"?>\n<methodResponse>\n";
        let fault = "<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>4</int></value>";
        for (head, outcome) in [
            (format!("{start}<params>\n<param>"), Some(Ok(()))),
            (format!("{start}{fault}"), Some(Err(Some(4)))),
            (format!("{start}<fault>\n<value><struct>"), Some(Err(None))),
            ("<html>".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(peek_answer(head.as_bytes()), outcome, "{head}");
        }
    }
}
