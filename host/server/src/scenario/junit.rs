//! The same as the XML that CI servers read (JUnit's, as written down by testmoapp/junitxml).

use serde_json::Value;

use crate::commands::text;

/// One suite with a case for each scenario, of the answers that `--json` gives.
#[must_use]
pub fn report(cases: &[Value]) -> String {
    let failed = cases.iter().filter(|case| !passed(case)).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites>\n  <testsuite name=\"portero plugin test\" tests=\"{}\" failures=\"{failed}\">\n",
        cases.len()
    );
    for case in cases {
        let (name, file) = (escape(&text(case, "name")), escape(&text(case, "file")));
        out.push_str(&format!(
            "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\""
        ));
        if passed(case) {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        for failure in case
            .get("failures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let why = failure
                .get("why")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            let why: Vec<&str> = why.filter_map(Value::as_str).collect();
            out.push_str(&format!(
                "      <failure message=\"{}\">{}</failure>\n",
                escape(&format!(
                    "line {}: {}",
                    text(failure, "line"),
                    text(failure, "what")
                )),
                escape(&why.join("\n"))
            ));
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn passed(case: &Value) -> bool {
    case.get("passed") == Some(&Value::Bool(true))
}

/// Text for an element or an attribute; characters that XML 1.0 cannot hold are left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_xml_cannot_hold_is_escaped() {
        let case = json!({ "name": "a < \"b\" & \u{1}c", "file": "x.scenario.toml", "passed": false,
                           "failures": [{ "line": 3, "what": "no", "why": ["x > y"] }] });
        let xml = report(&[case]);
        assert!(
            xml.contains("name=\"a &lt; &quot;b&quot; &amp; c\""),
            "{xml}"
        );
        assert!(
            xml.contains("<failure message=\"line 3: no\">x &gt; y</failure>"),
            "{xml}"
        );
        assert!(xml.contains("tests=\"1\" failures=\"1\""), "{xml}");
    }
}
