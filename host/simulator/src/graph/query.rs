//! Query strings and percent-encoding.

/// The decoded pairs of a query string, in order.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Query {
        Query(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(key), decode(&value.replace('+', " ")))
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// All pairs in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The query again with this cursor (`after` or `before`) for the ones it has, without the token.
    pub(crate) fn with_cursor(&self, key: &str, cursor: &str) -> String {
        let mut out: Vec<String> = self
            .0
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "after" | "before" | "access_token"))
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        out.push(format!("{key}={}", encode(cursor)));
        out.join("&")
    }
}

/// Percent-decoding; what is no valid UTF-8 afterwards is replaced.
pub(crate) fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut ahead = bytes.clone();
        let pair = (ahead.next(), ahead.next());
        let value = match pair {
            (Some(high), Some(low)) => hex_digit(high)
                .zip(hex_digit(low))
                .map(|(high, low)| high * 16 + low),
            _ => None,
        };
        match value {
            Some(value) => {
                out.push(value);
                bytes = ahead;
            }
            None => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b',') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_decode_and_the_cursor_replaces_the_old_one() {
        let query = Query::parse("fields=id%2Cname&name=a+b&after=x&access_token=t&bad=%zz%4");
        assert_eq!(query.get("fields"), Some("id,name"));
        assert_eq!(query.get("name"), Some("a b"));
        assert_eq!(query.get("bad"), Some("%zz%4"));
        assert_eq!(
            query.with_cursor("after", "N"),
            "fields=id,name&name=a%20b&bad=%25zz%254&after=N"
        );
    }
}
