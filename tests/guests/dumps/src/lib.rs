//! Writes down everything it is given, and whatever it can ask for.

use portero_sdk::{
    Action, Answer, Event, EventKind, InboundBody, Proposal, Replies, Text, config, contacts, gate,
    kv, log,
};

/// Bytes of a line of the log; the next one begins with the end of it, so that no word is cut for good.
const LINE: usize = 1_000;
const AGAIN: usize = 200;
/// Data of a person that a manifest may ask for.
const FIELDS: [&str; 6] = ["name", "language", "country", "size", "talla", "tags"];

#[derive(Default)]
struct Dumps;

portero_sdk::export_replies!(Dumps, manifest = "portero-plugin.toml");

impl Replies for Dumps {
    fn message(&mut self, _: &Event, _: &portero_sdk::Message) -> Answer {
        // Never called: `handle` takes all.
        Ok(Vec::new())
    }

    fn handle(&mut self, event: &Event) -> Answer {
        let mut all = vec![format!("{event:?}"), format!("{:?}", config::get())];
        all.push(format!("{:?}", kv::keys("", None, 100)));
        // A person's `Debug` keeps silent about them.
        let who = &event.contact;
        all.push(format!(
            "{:?} {:?} {:?}",
            who.name, who.attributes, who.tags
        ));
        let mut handles = vec![event.contact.handle.clone()];
        handles.extend(guesses(event));
        for handle in &handles {
            for field in FIELDS {
                let told = contacts::field(handle, field);
                // What was guessed is not repeated: it would be found where nobody told it.
                all.push(format!("{field} {told:?}"));
            }
        }
        let answer = Proposal::reply(Text::new("hola")).key("dump");
        all.push(format!("{:?}", gate::preview(&answer)));
        write(&all.join("\n"));
        let _ = kv::set("seen", "yes");
        match &event.what {
            EventKind::Message(_) => Ok(vec![Action::from(answer)]),
            _ => Ok(Vec::new()),
        }
    }
}

/// Handles that somebody slips it: the words of the message.
fn guesses(event: &Event) -> Vec<String> {
    match &event.what {
        EventKind::Message(message) => match &message.body {
            InboundBody::Text(words) => words.split(' ').map(str::to_owned).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn write(all: &str) {
    let all: Vec<char> = all.chars().collect();
    let mut from = 0;
    while from < all.len() {
        let until = (from + LINE).min(all.len());
        let line: String = all[from..until].iter().collect();
        log::info(line);
        from = if until == all.len() {
            until
        } else {
            until - AGAIN
        };
    }
}
