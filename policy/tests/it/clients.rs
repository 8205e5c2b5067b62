//! What stock clients send, and what no client sends but Python reads.

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::formats::xmlrpc::{self, Problem, Scalar};

/// The call in `params`, a client's way of writing, read as the gate reads it.
fn read(body: &[u8]) -> Result<(String, String), String> {
    let text = xmlrpc::decode(body).map_err(|error| error.to_string())?;
    let call = xmlrpc::read_call(&text).map_err(|error| error.to_string())?;
    let call = Call::read(call).map_err(|error| error.to_string())?;
    Ok((format!("{}.{}", call.model, call.method), format!("{:?} {:?}", call.args, call.kwargs)))
}

fn execute_kw(args: &str, kwargs: &str) -> String {
    let head = "<value><string>db</string></value></param><param><value><int>2</int></value></param>\
                <param><value>pw</value></param><param><value>res.partner</value></param><param><value>read</value>";
    format!(
        "<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params><param>{head}</param>\
         <param>{args}</param>{kwargs}</params></methodCall>"
    )
}

#[test]
fn stock_clients_are_understood() {
    let none = "<value><array><data></data></array></value>";
    for (client, args, kwargs, expected) in [
        ("Python, no kwargs", none, "", "[] []"),
        ("Python, None", none, "<param><value><nil/></value></param>", "[] []"),
        ("PHP, [] for {}", none, "<param><value><array><data/></array></value></param>", "[] []"),
        ("empty struct", none, "<param><value><struct/></value></param>", "[] []"),
        (
            "PHP, [] for the context",
            none,
            "<param><value><struct><member><name>context</name><value><array><data/></array></value></member></struct></value></param>",
            r#"[] [("context", Struct([]))]"#,
        ),
        (
            "Node, undefined for the context",
            none,
            "<param><value><struct><member><name>context</name><value/></member></struct></value></param>",
            r#"[] [("context", Struct([]))]"#,
        ),
        (
            "Node, CDATA",
            "<value><array><data><value><string><![CDATA[<b>]]></string></value></data></array></value>",
            "",
            r#"[String("<b>")] []"#,
        ),
        (
            "Java, extensions",
            "<value><array><data><value><ex:nil/></value><value><ex:i8>5</ex:i8></value></data></array></value>",
            "",
            "[Nil, Int(5)] []",
        ),
        (
            "Java, numbers of other sizes",
            "<value><array><data><value><ex:i1>1</ex:i1></value><value><ex:i2>-2</ex:i2></value>\
             <value><ex:biginteger>-9223372036854775808</ex:biginteger></value><value><ex:float>1.5</ex:float></value>\
             <value><ex:bigdecimal>12.50</ex:bigdecimal></value></data></array></value>",
            "",
            r#"[Int(1), Int(-2), Int(-9223372036854775808), Double("1.5"), Decimal("12.50")] []"#,
        ),
        (
            "the same without Apache's prefix",
            "<value><array><data><value><i1>1</i1></value><value><i2>-2</i2></value><value><i4>3</i4></value>\
             <value><biginteger>4</biginteger></value><value><float>1e3</float></value>\
             <value><bigdecimal>1E+3</bigdecimal></value></data></array></value>",
            "",
            r#"[Int(1), Int(-2), Int(3), Int(4), Double("1e3"), Decimal("1E+3")] []"#,
        ),
        (
            "white space round a number",
            "<value><array><data><value><int> 5\n</int></value><value><i8>\t-6 </i8></value>\
             <value><double>\r\n 1.50 </double></value><value><ex:bigdecimal> .5 </ex:bigdecimal></value></data></array></value>",
            "",
            r#"[Int(5), Int(-6), Double("1.50"), Decimal(".5")] []"#,
        ),
        (
            "Ruby, white space",
            "<value>\r\n  <array>\n<data> <value><i4>1</i4>\n</value></data>\t</array></value>",
            "",
            "[Int(1)] []",
        ),
        ("comments", "<value><array><!-- x --><data/></array></value>", "", "[] []"),
        (
            "untyped text",
            "<value><array><data><value> a&#x41;&amp; </value><value/></data></array></value>",
            "",
            r#"[String(" aA& "), String("")] []"#,
        ),
    ] {
        assert_eq!(
            read(execute_kw(args, kwargs).as_bytes()).map(|(_, rest)| rest).as_deref(),
            Ok(expected),
            "{client}"
        );
    }
}

#[test]
fn the_encodings_of_stock_clients_are_understood() {
    let args = "<value><array><data><value>é€Š</value></data></array></value>";
    let text = execute_kw(args, "");
    let encoded = |encoding: &str, bytes: &[u8]| {
        let text = text.replacen("<?xml version='1.0'?>", &format!("<?xml version='1.0' encoding='{encoding}'?>"), 1);
        let (before, after) = text.split_once("é€Š").unwrap();
        [before.as_bytes(), bytes, after.as_bytes()].concat()
    };
    let utf8 = "é€Š".as_bytes();
    for (client, body, expected) in [
        ("no declaration", text.as_bytes()[21..].to_vec(), "é€Š"),
        (".NET, byte-order mark", [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(), "é€Š"),
        (".NET, byte-order mark", [&b"\xef\xbb\xbf"[..], &encoded("utf-8", utf8)].concat(), "é€Š"),
        ("Java", encoded("UTF-8", utf8), "é€Š"),
        ("Perl", encoded("us-ascii", b"&#233;&#8364;&#352;"), "é€Š"),
        ("PHP", encoded("iso-8859-1", b"\xe9&#8364;&#352;"), "é€Š"),
        ("PHP", encoded("ISO-8859-15", b"\xe9\xa4\xa6"), "é€Š"),
        ("PHP", encoded("Windows-1252", b"\xe9\x80\x8a"), "é€Š"),
    ] {
        assert_eq!(read(&body).unwrap().1, format!("[String({expected:?})] []"), "{client}");
    }
}

#[test]
fn line_ends_are_read_as_xml_says() {
    let args = "<value><array><data><value>a\r\nb\rc&#13;d\n</value></data></array></value>";
    assert_eq!(read(execute_kw(args, "").as_bytes()).unwrap().1, r#"[String("a\nb\nc\rd\n")] []"#);
}

#[test]
fn the_shape_of_a_call_is_strict() {
    let none = "<value><array><data/></array></value>";
    let good = execute_kw(none, "");
    assert!(read(good.as_bytes()).is_ok());
    for (from, to) in [
        ("<int>2</int>", "<double>2.9</double>"),
        ("<int>2</int>", "<bigdecimal>2</bigdecimal>"),
        ("<int>2</int>", "<boolean>1</boolean>"),
        ("<string>db</string>", "<array><data><value>db</value></data></array>"),
        ("<value>res.partner</value>", "<value><nil/></value>"),
        ("<value>res.partner</value>", "<value></value>"),
        ("execute_kw", "execute_workflow"),
        ("execute_kw", " execute_kw"),
        (none, "<value>read</value>"),
        (none, "<value><struct/></value>"),
        ("</params>", "<param><value><string>x</string></value></param></params>"),
        ("</params>", "<param><value><array><data><value>x</value></data></array></value></param></params>"),
    ] {
        let body = good.replacen(from, to, 1);
        assert_ne!(body, good, "{from}");
        assert!(read(body.as_bytes()).is_err(), "{to}");
    }
    let context =
        "<param><value><struct><member><name>context</name><value>x</value></member></struct></value></param>";
    assert!(read(execute_kw(none, context).as_bytes()).is_err());
}

#[test]
fn what_python_forgives_is_refused() {
    let good = execute_kw("<value><array><data/></array></value>", "");
    for (from, to, error) in [
        ("</params>", "</params><methodName>execute</methodName>", Problem::End),
        ("</params>", "</params><params/>", Problem::End),
        ("</methodCall>", "</methodCall><methodCall/>", Problem::Trailing),
        ("<methodCall>", "<!DOCTYPE x [<!ENTITY e \"z\">]><methodCall>", Problem::DocumentType),
        ("<methodCall>", "<?php?><methodCall>", Problem::Instruction),
        ("<methodCall>", "<methodCall a=\"1\">", Problem::Attribute),
        ("<value>pw</value>", "<value>&e;</value>", Problem::Entity),
        ("<value>pw</value>", "<value>p<int>1</int></value>", Problem::Mixed),
        ("<value>pw</value>", "<value><int>1</int>p</value>", Problem::End),
        ("<value>pw</value>", "<value><x:string>p</x:string></value>", Problem::Type),
        ("<value>pw</value>", "<value><int>1_0</int></value>", Problem::Scalar(Scalar::Integer)),
        ("<value>pw</value>", "<value>&#0;</value>", Problem::Character),
        ("<value>pw</value>", "<value>]]></value>", Problem::Xml),
        ("</methodCall>", "", Problem::CutOff),
        ("</methodName>", "</methodname>", Problem::Xml),
        ("<data/>", "", Problem::Element("data")),
        ("<data/>", "<data/><data/>", Problem::End),
        (
            "<value>pw</value>",
            "<value><struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct></value>",
            Problem::DuplicateMember,
        ),
        (
            "<value>pw</value>",
            "<value><struct><member><value/><name>a</name></member></struct></value>",
            Problem::Element("name"),
        ),
    ] {
        let body = good.replacen(from, to, 1);
        assert_ne!(body, good, "{from}");
        assert_eq!(xmlrpc::read_call(&body).map_err(|found| found.problem), Err(error), "{to}");
    }
}

#[test]
fn depth_and_number_of_values_are_bounded() {
    let nested = |depth: usize| {
        let args = format!("{}{}", "<value><array><data>".repeat(depth), "</data></array></value>".repeat(depth));
        xmlrpc::read_call(&execute_kw(&args, "")).map(drop).map_err(|error| error.problem)
    };
    assert_eq!(nested(xmlrpc::MAX_DEPTH), Ok(()));
    assert_eq!(nested(xmlrpc::MAX_DEPTH + 1), Err(Problem::TooDeep));
    assert_eq!(nested(100_000), Err(Problem::TooDeep));
    let many = format!("<value><array><data>{}</data></array></value>", "<value/>".repeat(xmlrpc::MAX_VALUES));
    assert_eq!(xmlrpc::read_call(&execute_kw(&many, "")).map_err(|error| error.problem), Err(Problem::TooMany));
}

#[test]
fn answers_and_faults_are_read_back() {
    let value = Value::Array(vec![Value::Int(1 << 40), Value::String("<&>\r\n".into())]);
    assert_eq!(xmlrpc::read_response(&xmlrpc::write_response(&value)), Ok(Ok(value)));
    let fault = xmlrpc::Fault { code: 403, string: "no <b>".into() };
    assert_eq!(xmlrpc::read_response(&xmlrpc::write_fault(&fault)), Ok(Err(fault)));
}
