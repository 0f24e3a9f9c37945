//! `portero number connect`: from an empty host to a number that answers, without a terminal.

use serde_json::Value;

use crate::binary::finish;
use crate::doctor::{Good, NUMBER, WABA};

const PUBLIC: &str = "https://bots.example";

/// The words of a whole connection.
fn whole() -> Vec<&'static str> {
    let flags = [
        "--waba",
        WABA,
        "--display",
        "+57 601 555 0101",
        "--tenant",
        "sol",
    ];
    let mut all = vec!["number", "connect", NUMBER];
    all.extend(flags);
    all.extend(["--public-url", PUBLIC]);
    all
}

pub(crate) async fn a_number_is_connected_step_by_step(database_url: Option<String>) {
    let good = Good::new(database_url);
    good.run(&["migrate"]);
    let tenant = [
        "tenant", "create", "sol", "--name", "Sol", "--mode", "sandbox",
    ];
    good.run(
        &[
            &tenant[..],
            &["--country", "CO", "--timezone", "America/Bogota"],
        ]
        .concat(),
    );
    let (host, _) = good.serve();

    // Nobody can be asked here: what is missing is named, and what was done stands.
    let asked = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = good.command(arguments);
        command.envs(variables.iter().copied());
        command.stdin(std::process::Stdio::null());
        finish(command)
    };
    let bare = ["number", "connect", "--tenant", "sol"];
    asked(&[], &bare).says(1, &["PORTERO_APP_SECRET"]);
    let secret = ("PORTERO_APP_SECRET", "simulator-app-secret");
    asked(&[secret], &bare).says(1, &["PHONE_NUMBER_ID"]);
    asked(&[], &bare).says(1, &["The Meta app is known here", "PHONE_NUMBER_ID"]);
    asked(&[], &whole()).says(1, &["PORTERO_ACCESS_TOKEN"]);

    // A token that Meta does not take: said in its words, the number is kept.
    let wrong = asked(&[("PORTERO_ACCESS_TOKEN", "EAA-wrong")], &whole());
    wrong.says(1, &["the number is kept", "190"]);

    let token = ("PORTERO_ACCESS_TOKEN", good.token.as_str());
    let ran = asked(&[secret, token], &whole());
    // Nobody wrote yet, and nobody tried the sandbox.
    ran.says(
        3,
        &[
            "https://bots.example/webhooks/whatsapp",
            "Verify token",
            "✓ app secret",
            "✓ number",
            "✓ access token",
            "✓ registration",
            "✓ subscription",
            "✓ templates",
            "✗ webhook",
            "✗ test people",
            "✓ mode",
        ],
    );
    for secret in [good.token.as_str(), "simulator-app-secret"] {
        assert!(
            !format!("{}{}", ran.out, ran.err).contains(secret),
            "{}",
            ran.out
        );
    }
    // A number that Meta has no registration of: its PIN is asked for, and never shown.
    good.deregister().await;
    let pin = ("PORTERO_NUMBER_PIN", "271828");
    let register = ["number", "register", NUMBER, "--tenant", "sol"];
    asked(&[], &register).says(1, &["PORTERO_NUMBER_PIN"]);
    asked(&[token], &whole()).says(3, &["4/6 The number is not registered", "✗ registration"]);
    let ran = asked(&[token, pin], &whole());
    ran.says(3, &["4/6 Registering", "✓ registration"]);
    assert!(
        !format!("{}{}", ran.out, ran.err).contains("271828"),
        "{}",
        ran.out
    );
    asked(&[pin], &register).says(0, &["is registered"]);
    asked(&[("PORTERO_NUMBER_PIN", "314159")], &register).says(1, &["133005", "WhatsApp Manager"]);
    // Again, as JSON: nothing is made anew.
    let again = asked(&[token], &[&whole()[..], &["--json"]].concat());
    assert_eq!(again.code, 3, "{}{}", again.out, again.err);
    let told: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(
        told["webhook"]["callback"],
        "https://bots.example/webhooks/whatsapp"
    );
    assert_eq!(told["webhook"]["verify_token"], Value::Null, "kept: {told}");
    assert_eq!(told["checklist"]["mode"], "sandbox", "{told}");
    asked(&[], &["number", "checklist", "--tenant", "sol"]).says(3, &["✗ webhook"]);
    asked(&[], &["number", "subscribe", NUMBER, "--tenant", "sol"]).says(0, &[NUMBER]);
    drop(host);
}
