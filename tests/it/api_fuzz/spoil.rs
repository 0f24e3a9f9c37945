//! Requests, and what spoils them: seeded, so that a run can be had again.

use serde_json::{Map, Value, json};

/// Whose token a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The owner of the shop whose things are named.
    Owner,
    /// The operator of the server, who names the shop.
    Operator,
    /// The operator, who names none.
    Unnamed,
    /// The owner of another shop.
    Stranger,
    /// Nobody.
    Nobody,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    Nothing,
    Json(Value),
    Bytes(&'static str, Vec<u8>),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As in the document.
    pub(crate) path: String,
    /// Values of the parameters in the path, in order.
    pub(crate) named: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) load: Load,
    pub(crate) who: Who,
}

impl Request {
    /// The path with its values, and the query.
    pub(crate) fn address(&self) -> String {
        let mut named = self.named.iter();
        let mut address = String::new();
        for (place, part) in self.path.split(['{', '}']).enumerate() {
            if place % 2 == 0 {
                address.push_str(part);
            } else {
                address.push_str(&encoded(named.next().map_or("", String::as_str)));
            }
        }
        for (place, (name, value)) in self.query.iter().enumerate() {
            address.push(if place == 0 { '?' } else { '&' });
            address.push_str(&format!("{}={}", encoded(name), encoded(value)));
        }
        address
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Requests that lack something of this one, or have something shorter.
    pub(crate) fn smaller(&self) -> Vec<Request> {
        let mut all = Vec::new();
        for place in 0..self.query.len() {
            let mut less = self.clone();
            less.query.remove(place);
            all.push(less);
        }
        for place in 0..self.headers.len() {
            let mut less = self.clone();
            less.headers.remove(place);
            all.push(less);
        }
        if let Load::Json(body) = &self.load {
            for body in shrunk(body) {
                let mut less = self.clone();
                less.load = Load::Json(body);
                all.push(less);
            }
        }
        all
    }
}

fn shrunk(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let mut less = fields.clone();
                less.remove(name);
                all.push(Value::Object(less));
                for part in shrunk(field) {
                    let mut less = fields.clone();
                    less.insert(name.clone(), part);
                    all.push(Value::Object(less));
                }
            }
        }
        Value::Array(items) if !items.is_empty() => all.push(json!([])),
        Value::String(text) if text.chars().count() > 1 => {
            let half = text.chars().count() / 2;
            all.push(Value::String(text.chars().take(half).collect()));
        }
        _ => {}
    }
    all
}

fn encoded(text: &str) -> String {
    portero::commands::plugin::encode(text)
}

/// Random numbers that depend on their seed alone (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `below` - 1.
    pub(crate) fn roll(&mut self, below: usize) -> usize {
        let below = u64::try_from(below.max(1)).expect("a small number");
        usize::try_from(self.next() % below).expect("a small number")
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }

    fn text(&mut self) -> String {
        match self.roll(20) {
            0 => String::new(),
            1 => "\0".to_owned(),
            2 => "a\0b".to_owned(),
            3 => "x".repeat(300),
            4 => "ñ".repeat(5_000),
            5 => "\u{202e}\u{200d}👩‍👩‍👧\u{feff}".to_owned(),
            6 => "\r\n\t\u{1b}[2J".to_owned(),
            7 => " ".to_owned(),
            8 => "../../etc/passwd".to_owned(),
            9 => "%00%ff".to_owned(),
            10 => "-1".to_owned(),
            11 => "99999999999999999999999".to_owned(),
            12 => "2026-13-45T99:99:99Z".to_owned(),
            13 => "-009999-01-01T00:00:00Z".to_owned(),
            14 => "9999-12-31T23:59:59Z".to_owned(),
            15 => "'; drop table contacts; --".to_owned(),
            16 => "{{1}}".to_owned(),
            17 => "con_00000000000070008000000000000000".to_owned(),
            18 => "{\"a\":".to_owned(),
            _ => "\u{fffd}\u{e000}\u{10ffff}".to_owned(),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.roll(12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(i64::MAX),
            4 => json!(i64::MIN),
            5 => json!(1e300),
            6 => json!(0),
            7 => json!(u64::MAX),
            8 if depth < 3 => {
                Value::Array((0..self.roll(4)).map(|_| self.value(depth + 1)).collect())
            }
            9 if depth < 3 => {
                let fields = (0..self.roll(4)).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            _ => Value::String(self.text()),
        }
    }

    /// Something of another kind, deep inside.
    fn spoiled(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(fields) if !fields.is_empty() && self.roll(8) != 0 => {
                let mut fields = fields.clone();
                let names: Vec<String> = fields.keys().cloned().collect();
                let name = self.pick(&names).clone();
                match self.roll(5) {
                    0 => {
                        fields.remove(&name);
                    }
                    1 => {
                        fields.insert(self.text(), self.value(0));
                    }
                    _ => {
                        let other = self.spoiled(&fields[&name]);
                        fields.insert(name, other);
                    }
                }
                Value::Object(fields)
            }
            Value::Array(items) if !items.is_empty() && self.roll(4) != 0 => {
                let mut items = items.clone();
                let place = self.roll(items.len());
                items[place] = self.spoiled(&items[place]);
                Value::Array(items)
            }
            Value::String(text) => match self.roll(6) {
                0 => self.value(0),
                1 => json!(format!("{text}\0")),
                2 => json!(format!(" {}", text.to_uppercase())),
                _ => Value::String(self.text()),
            },
            Value::Number(_) => match self.roll(5) {
                0 => json!(-1),
                1 => json!(i64::MAX),
                2 => json!(0),
                3 => json!(u64::MAX),
                _ => self.value(0),
            },
            _ => self.value(0),
        }
    }

    /// One of the requests with something wrong in it, or with something else of the pool.
    pub(crate) fn spoil(&mut self, good: &Request, query: &[String], pool: &[String]) -> Request {
        let mut request = good.clone();
        request.who = match self.roll(20) {
            0 => Who::Nobody,
            1 => Who::Stranger,
            2 => Who::Unnamed,
            3..=6 => Who::Operator,
            _ => good.who,
        };
        for _ in 0..=self.roll(2) {
            self.once(&mut request, query, pool);
        }
        request
    }

    fn once(&mut self, request: &mut Request, query: &[String], pool: &[String]) {
        match self.roll(10) {
            0 | 1 if !request.named.is_empty() => {
                let place = self.roll(request.named.len());
                request.named[place] = match self.roll(2) {
                    0 => self.pick(pool).clone(),
                    // An empty part of a path is another path.
                    _ => Some(self.text())
                        .filter(|t| !t.is_empty() && t != "../../etc/passwd")
                        .unwrap_or("~".to_owned()),
                };
            }
            2 | 3 if !query.is_empty() => {
                let name = self.pick(query).clone();
                let value = match self.roll(5) {
                    0 => self.pick(pool).clone(),
                    1 => self
                        .pick(&["0", "1", "200", "201", "-1", "18446744073709551616"])
                        .to_string(),
                    _ => self.text(),
                };
                request.query.retain(|(n, _)| *n != name);
                request.query.push((name, value));
            }
            4 => {
                let name = *self.pick(&[
                    "idempotency-key",
                    "if-match",
                    "if-none-match",
                    "x-portero-tenant",
                    "content-type",
                    "accept",
                ]);
                let value = match self.roll(8) {
                    0 => Vec::new(),
                    1 => vec![0xff, 0xfe],
                    2 => "k".repeat(129).into_bytes(),
                    3 => "ñ".as_bytes().to_vec(),
                    4 => b"*".to_vec(),
                    5 => b"\"abc\"".to_vec(),
                    6 => b"text/plain; charset=utf-16".to_vec(),
                    _ => self.pick(pool).clone().into_bytes(),
                };
                request.headers.retain(|(n, _)| n != name);
                request.headers.push((name.to_owned(), value));
            }
            5 => {
                request.query.push((self.text(), self.text()));
            }
            6 => {
                let odd: [(&'static str, Vec<u8>); 6] = [
                    ("application/json", b"{".to_vec()),
                    ("application/json", b"\xff\xfe".to_vec()),
                    ("application/json", "[".repeat(2_000).into_bytes()),
                    ("application/json", Vec::new()),
                    ("text/plain", b"{}".to_vec()),
                    ("application/x-www-form-urlencoded", b"a=b".to_vec()),
                ];
                let (kind, bytes) = self.pick(&odd).clone();
                request.load = Load::Bytes(kind, bytes);
            }
            7 => request.load = Load::Nothing,
            _ => match &request.load {
                Load::Json(body) => request.load = Load::Json(self.spoiled(body)),
                Load::Bytes(kind, bytes) => {
                    let kind = *kind;
                    let mut bytes = bytes.clone();
                    match self.roll(3) {
                        0 => bytes.truncate(self.roll(bytes.len())),
                        1 if !bytes.is_empty() => {
                            let place = self.roll(bytes.len());
                            bytes[place] ^= 0xff;
                        }
                        _ => bytes.extend_from_slice(self.text().as_bytes()),
                    }
                    request.load = Load::Bytes(kind, bytes);
                }
                Load::Nothing => request.load = Load::Json(self.value(0)),
            },
        }
    }
}
