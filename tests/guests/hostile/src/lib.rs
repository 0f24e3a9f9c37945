//! Misbehaves on request: the text of the message says how.

pub mod deeds;
mod secret;

use std::hint::black_box;

use portero_sdk::{
    Action, Answer, Event, Failure, HostError, InboundBody, Message, Proposal, Replies, Template,
    config, contacts, http, kv, log,
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
            other => Err(Failure::new("unknown_deed", other)),
        }
    }
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
