//! A look at the first bytes of Odoo's answer, which is not buffered.

/// Whether an answer's start is a value (`Ok`) or a fault (`Err` with its code, if that is there and a number);
/// nothing if it is not the start of an XML-RPC answer. Odoo's own writer makes it, so its form is fixed.
pub fn peek_answer(head: &[u8]) -> Option<Result<(), Option<i64>>> {
    // What is cut off within a character has its start, which is ASCII, all the same.
    let head = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    // A plain search: the mark is at the start, and one that is made for long texts would take longer to prepare.
    const MARK: &[u8] = b"<methodResponse>";
    let at = head.as_bytes().windows(MARK.len()).position(|window| window == MARK)?;
    let body = head.get(at + MARK.len()..)?.trim_start();
    if body.starts_with("<params>") {
        return Some(Ok(()));
    }
    let fault = body.strip_prefix("<fault>")?;
    let code = fault.split_once("<int>").and_then(|(_, rest)| rest.split_once("</int>"));
    Some(Err(code.and_then(|(digits, _)| digits.parse().ok())))
}

/// The whole numbers in an answer's start, at most `most`: the new ids in the answer to a `create`.
pub fn peek_numbers(head: &[u8], most: usize) -> Vec<i64> {
    let head = String::from_utf8_lossy(head);
    let after = head.split("<int>").skip(1);
    after.filter_map(|rest| rest.split_once("</int>")?.0.parse().ok()).take(most).collect()
}

/// Whether an answer's end says that Odoo did the call, and then had a `None` to write that XML-RPC does not have.
pub fn is_none_answer(tail: &[u8]) -> bool {
    String::from_utf8_lossy(tail).contains("cannot marshal None unless allow_none is enabled")
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

    #[test]
    fn new_ids_are_found() {
        let one = "<params>\n<param>\n<value><int>57</int></value>";
        let cut = "<value><array><data>\n<value><int>1</int></value>\n<value><int>2</int></value>\n<value><int>3</in";
        assert_eq!(peek_numbers(one.as_bytes(), 10), [57]);
        assert_eq!(peek_numbers(cut.as_bytes(), 10), [1, 2]);
        assert_eq!(peek_numbers(cut.as_bytes(), 1), [1]);
    }
}
