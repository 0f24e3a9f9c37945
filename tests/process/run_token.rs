//! The token that a host makes for the command line beside it ends with its run, however that ended.

use serde_json::Value;

use crate::binary::{Running, folder, portero, run};

fn serve(here: &std::path::Path) -> (Running, Value) {
    let mut command = portero(here);
    command.args(["serve", "--json", "--data", "data"]);
    let mut host = Running::start(command);
    let start = host.start_object();
    (host, start)
}

/// What a host says to a token.
fn account(here: &std::path::Path, start: &Value, token: &Value) -> crate::binary::Ran {
    let url = start["host_url"].as_str().expect("an address");
    let token = token.as_str().expect("a token");
    run(here, &["account", "--url", url, "--token", token])
}

pub(crate) fn a_command_lines_token_ends_with_its_run() {
    let here = folder();
    let here = here.path();
    let (mut host, first) = serve(here);
    account(here, &first, &first["operator_token"]).says(0, &["proposed ="]);
    host.terminate();
    assert_eq!(host.wait().code(), Some(0), "{}", host.errors());
    // Ended politely: the next run does not know it.
    let (host, second) = serve(here);
    account(here, &second, &first["operator_token"]).says(1, &["Not allowed in"]);
    account(here, &second, &second["operator_token"]).says(0, &["proposed ="]);
    // A token that somebody made stays, of whatever run.
    let made = run(
        here,
        &["token", "create", "crm", "--json", "--data", "data"],
    )
    .json();
    // Killed: nobody ended it, so the next run does, before anybody can use it.
    drop(host);
    let (_host, third) = serve(here);
    account(here, &third, &second["operator_token"]).says(1, &["Not allowed in"]);
    account(here, &third, &made["token"]).says(0, &["proposed ="]);
    account(here, &third, &third["operator_token"]).says(0, &["proposed ="]);
}
