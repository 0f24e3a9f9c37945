//! The one place that writes to the terminal.

use std::io::{IsTerminal, Write};

/// A line on standard output; a closed pipe is not an error worth a message.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A line on standard error.
pub fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A value as one line of JSON.
pub fn json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(&text),
        Err(e) => error(&format!("error: this answer cannot be shown as JSON: {e}")),
    }
}

/// Whether a person looks at standard output.
#[must_use]
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// A table that fits the terminal; without a terminal, each row is a line.
#[must_use]
pub fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    built(header, rows).to_string()
}

fn built(header: &[&str], rows: Vec<Vec<String>>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_never_wider_than_it_may_be() {
        let rows = vec![vec![
            "out_1".to_owned(),
            "una frase larga que no cabe ".repeat(9),
        ]];
        for width in [30, 60, 120] {
            let mut table = built(&["id", "why"], rows.clone());
            table.set_width(width);
            let text = table.to_string();
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width.into()), "{width}:\n{text}");
            assert!(text.contains("out_1"));
        }
        // Nobody's terminal: a row stays a line, for `grep`.
        let text = table(&["id", "why"], rows);
        assert!(text.lines().any(|line| line.len() > 200), "{text}");
    }
}
