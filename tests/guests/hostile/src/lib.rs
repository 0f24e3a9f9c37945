//! Misbehaves on request: the text of the message says how.

pub mod deeds;
mod secret;

use std::hint::black_box;

use portero_sdk::{
    Action, Answer, BusinessEvent, Event, Failure, HostError, InboundBody, Message, Proposal,
    Replies, Template, VerdictEvent, config, contacts, gate, http, kv, log,
};

#[derive(Default)]
struct Hostile;

portero_sdk::export_replies!(Hostile, manifest = "portero-plugin.toml");

impl Replies for Hostile {
    fn message(&mut self, event: &Event, message: &Message) -> Answer {
        let InboundBody::Text(deed) = &message.body else {
            return Ok(Vec::new());
        };
        match deed.as_str() {
            "healthy" => {
                log::info(format!("config {}", config::get().map_err(refused)?));
                kv::set("seen", "yes").map_err(refused)?;
                Ok(vec![Action::reply(portero_sdk::Text::new("hola"))])
            }
            "infinite-loop" => loop {
                black_box(());
            },
            "deep-recursion" => said(deeper(0)),
            "memory-bomb" => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    hoard.push(vec![1; 1 << 20]);
                    black_box(&hoard);
                }
            }
            "giant-text" => said("x".repeat(40 << 20)),
            "giant-list" => {
                let value = vec![7_u8; 40 << 20];
                said(format!("{:?}", kv::set("giant", value)))
            }
            "bad-utf8" => {
                // SAFETY: none, that is the point; the host must not believe it.
                said(unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, b'x']) })
            }
            "log-many" => {
                for _ in 0..900 {
                    log::info("again");
                }
                said("logged")
            }
            "log-flood" => {
                for _ in 0..1_000_000_u32 {
                    log::info("again");
                }
                said("logged")
            }
            "print-flood" => {
                for _ in 0..1_000_000_u32 {
                    println!("again");
                }
                said("printed")
            }
            "kv-write-then-trap" => {
                kv::set("secret", "written").map_err(refused)?;
                panic!("after the write")
            }
            "kv-write-then-fail" => {
                kv::set("secret", "written").map_err(refused)?;
                Err(Failure::new("changed_my_mind", "after the write"))
            }
            "kv-read-back" => kv_read_back(),
            "kv-too-many" => {
                let refusals = (0..250).filter(|_| kv::get("k").is_err()).count();
                said(format!("{refusals} refused"))
            }
            "host-call-flood" => {
                let mut refusals = 0_u32;
                for _ in 0..1_000_000_u32 {
                    refusals += u32::from(kv::get("k").is_err());
                }
                said(format!("{refusals} refused"))
            }
            "21-actions" => Ok(vec![Action::tag("x"); 21]),
            "100000-actions" => Ok(vec![Action::tag("x"); 100_000]),
            "too-much-text" => Ok((0..20).map(|_| Action::tag("x".repeat(4_000))).collect()),
            "undeclared-template" => {
                let template = Template::new("black_friday", "es");
                Ok(vec![Proposal::promotional(template, "ofertas").into()])
            }
            "sleep" => {
                std::thread::sleep(std::time::Duration::from_secs(3_600));
                said("rested")
            }
            "wait-for-http" => {
                let request = http::Request::get("https://api.shop.example/slow");
                let answer = http::fetch(&request);
                said(format!("{:?}", answer.map(|a| a.status)))
            }
            "panic" => panic!("on request"),
            "exit" => std::process::exit(0),
            "stranger" => {
                let known = contacts::field(&event.contact.handle, "name");
                let stranger = contacts::field("somebody-else", "name");
                said(format!("{known:?} {stranger:?}"))
            }
            "time-and-chance" => time_and_chance(),
            "leave-secret" => {
                secret::leave();
                said("left")
            }
            "find-secret" => said(format!("{} found", secret::find())),
            "mark" => Ok(vec![
                Action::set_attribute("size", "M"),
                Action::set_attribute("iban", "XX00"),
                Action::tag("vip"),
            ]),
            "what-am-i-told" => told(event),
            "wrong-category" => {
                let template = Template::new("carrito_recordatorio", "es");
                Ok(vec![Proposal::promotional(template, "ofertas").into()])
            }
            "two-refused" => {
                let offer = |key: &str| {
                    let template = Template::new("black_friday", "es");
                    Proposal::promotional(template, "ofertas").key(key).into()
                };
                Ok(vec![offer("the shoes"), offer("the hat")])
            }
            "key-too-long" => {
                let text = portero_sdk::Text::new("hola");
                Ok(vec![Proposal::reply(text).key("k".repeat(65)).into()])
            }
            "preview" => {
                let answer = Proposal::reply(portero_sdk::Text::new("hola"));
                let verdict = gate::preview(&answer).map_err(refused)?;
                said(format!("{:?} {}", verdict.ruling, verdict.rule))
            }
            "out-of-bounds" => Ok(out_of_bounds(event.meta.now)),
            "zero-bytes" => {
                log::info("a\0b");
                let key = kv::set("a\0b", "x");
                Ok(vec![
                    Action::tag("a\0b"),
                    Action::set_attribute("size", "a\0b"),
                    Action::reply(portero_sdk::Text::new(format!("a\0b {key:?}"))),
                ])
            }
            "fill-kv" => {
                for n in 0..199 {
                    let key = format!("{} {n}", event.meta.event_id);
                    kv::set(&key, vec![7; 64 * 1024]).map_err(refused)?;
                }
                Ok(vec![
                    Action::tag("remembered"),
                    Action::reply(portero_sdk::Text::new("filled")),
                ])
            }
            "remember-me" => {
                kv::set("remembered", message.wamid.as_bytes()).map_err(refused)?;
                said("remembered")
            }
            "react-to-me" => Ok(vec![Action::react(message.wamid.as_str(), "👍")]),
            "react-to-the-remembered" => {
                let wamid = kv::get("remembered").map_err(refused)?.unwrap_or_default();
                let wamid = String::from_utf8_lossy(&wamid).into_owned();
                Ok(vec![Action::react(wamid, "👍")])
            }
            other => match other.strip_prefix("fetch ") {
                Some(what) => fetched(what),
                None => Err(Failure::new("unknown_deed", other)),
            },
        }
    }

    fn business(&mut self, event: &Event, business: &BusinessEvent) -> Answer {
        match business.name.as_str() {
            "deed.told" => told(event),
            other => panic!("on {other}"),
        }
    }

    fn verdict(&mut self, _: &Event, verdict: &VerdictEvent) -> Answer {
        match &verdict.key {
            Some(key) => said(format!("no {key}: {}", verdict.verdict.rule)),
            None => Ok(Vec::new()),
        }
    }
}

/// Asks for an address, with `name=value` headers behind it, and says what came back.
fn fetched(what: &str) -> Answer {
    let mut words = what.split('|');
    let mut request = http::Request::get(words.next().unwrap_or_default());
    for header in words {
        let (name, value) = header.split_once('=').unwrap_or((header, ""));
        request = request.header(name, value);
    }
    match http::fetch(&request) {
        Ok(answer) => said(format!(
            "{} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        )),
        Err(why) => said(format!("{why:?}")),
    }
}

/// Everything the host says of the person and the conversation.
fn told(event: &Event) -> Answer {
    let (who, so_far) = (&event.contact, &event.conversation);
    let attributes: Vec<String> = who
        .attributes
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let campaign = event.meta.ext.iter().find(|(key, _)| key == "campaign");
    said(format!(
        "name:{} attributes:{} tags:{} bots:{} campaign:{}",
        who.name.as_deref().unwrap_or("-"),
        attributes.join(","),
        who.tags.join(","),
        so_far.bot_messages_since_inbound,
        campaign.map_or("-", |(_, id)| id)
    ))
}

/// Each of them past one bound, and one that is within.
fn out_of_bounds(now: u64) -> Vec<Action> {
    // Not to be compressed away by whoever stores it.
    let mut n = 1_u64;
    let long: String = (0..5_000)
        .map(|_| {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + u8::try_from((n >> 33) % 26).unwrap_or(0))
        })
        .collect();
    vec![
        Action::tag(long.clone()),
        Action::set_attribute(long.clone(), "x"),
        Action::set_attribute("size", long.clone()),
        Action::timer(long.clone(), now, ""),
        Action::timer("late", now + 91 * 24 * 3_600_000, ""),
        Action::timer("heavy", now, long.clone()),
        Action::ask_consent(long.clone(), "ofertas"),
        Action::metric(long.clone(), 1),
        Proposal::reply(portero_sdk::Text::new("hola"))
            .topic(long)
            .into(),
        Action::tag("kept"),
        Action::reply(portero_sdk::Text::new("still here")),
    ]
}

fn said(text: impl Into<String>) -> Answer {
    Ok(vec![Action::reply(portero_sdk::Text::new(text))])
}

fn refused(error: HostError) -> Failure {
    Failure::new("refused", format!("{error:?}"))
}

fn deeper(depth: u64) -> String {
    let frame = black_box([depth; 64]);
    let below = if black_box(true) {
        deeper(depth + 1)
    } else {
        String::new()
    };
    format!("{below}{}", frame.len())
}

fn kv_read_back() -> Answer {
    let before = kv::get("stored").map_err(refused)?;
    kv::set("stored", "new").map_err(refused)?;
    let after = kv::get_text("stored").map_err(refused)?;
    kv::delete("gone").map_err(refused)?;
    kv::set_for("brief", "b", 60).map_err(refused)?;
    let keys = kv::keys("", None, 100).map_err(refused)?;
    let oversized = kv::set("big", vec![0; 64 * 1024 + 1]);
    said(format!("{before:?} {after:?} {keys:?} {oversized:?}"))
}

fn time_and_chance() -> Answer {
    use std::collections::HashMap;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|e| Failure::new("clock", e.to_string()))?;
    let start = Instant::now();
    let first = start.elapsed();
    // The order of a hash map shows the seed of the guest's randomness.
    let map: HashMap<u32, ()> = (0..100).map(|n| (n, ())).collect();
    let order: Vec<u32> = map.into_keys().collect();
    said(format!("{} {first:?} {order:?}", wall.as_millis()))
}
