//! `portero user`. Passwords are typed without being shown, or read from standard input.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::cli::UserCommand;
use crate::commands::{pages, show, text};

/// Runs the verb.
///
/// # Errors
/// The host's words, or a password that cannot be read.
pub async fn run(command: UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::Add {
            name,
            role,
            generate,
            target,
        } => {
            let password = password(generate)?;
            let api = target.connect().await?;
            let body = json!({ "name": name, "tenant": target.tenant, "role": role, "password": password });
            let answer = api.post("/v1/users", body).await?;
            let line = format!("{} may log in as {role}", text(&answer, "name"));
            show(target.json, &answer, &with_password(line, &answer));
            api.close().await;
        }
        UserCommand::List(target) => {
            let api = target.connect().await?;
            let columns = [
                ("id", "id"),
                ("name", "name"),
                ("role", "role"),
                ("tenant", "tenant"),
                ("last login", "last_login_at"),
            ];
            let empty = "nobody yet; `portero user add` makes one";
            pages::show_all(&api, target.json, "/v1/users", &columns, empty).await?;
            api.close().await;
        }
        UserCommand::Role { user, role, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/users/{}/role", encoded(&user));
            let answer = api.put(&path, json!({ "role": role })).await?;
            show(
                target.json,
                &answer,
                &format!("{} is {role} now", text(&answer, "name")),
            );
            api.close().await;
        }
        UserCommand::Password {
            user,
            generate,
            target,
        } => {
            let password = password(generate)?;
            let api = target.connect().await?;
            let path = format!("/v1/users/{}/password", encoded(&user));
            let answer = api.put(&path, json!({ "password": password })).await?;
            let line = format!(
                "{} has another password; open sessions ended",
                text(&answer, "name")
            );
            show(target.json, &answer, &with_password(line, &answer));
            api.close().await;
        }
        UserCommand::Remove { user, target } => {
            let api = target.connect().await?;
            let path = format!("/v1/users/{}", encoded(&user));
            let answer = api.send(reqwest::Method::DELETE, &path, None).await?;
            show(
                target.json,
                &answer,
                &format!("{user} was removed; open sessions ended"),
            );
            api.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A name in a path: all that names may hold besides letters and digits.
fn encoded(user: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".@_-".contains(c);
    user.chars()
        .map(|c| match c {
            c if fits(c) => c.to_string(),
            c => {
                let mut bytes = [0_u8; 4];
                let bytes = c.encode_utf8(&mut bytes).bytes();
                bytes.map(|b| format!("%{b:02X}")).collect()
            }
        })
        .collect()
}

fn with_password(line: String, answer: &Value) -> String {
    match text(answer, "password") {
        made if made.is_empty() => line,
        made => format!("{line}\npassword (shown once): {made}"),
    }
}

/// The password to set; `None` lets the host make one.
fn password(generate: bool) -> anyhow::Result<Option<String>> {
    if generate {
        return Ok(None);
    }
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin()
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("standard input holds no password: give one as its first line, or --generate");
        }
        return Ok(Some(password.to_owned()));
    }
    let ask =
        |what: &str| rpassword::prompt_password(what).context("cannot read from the terminal");
    let first = ask("Password (12 characters or more; empty: one is made and shown once): ")?;
    if first.is_empty() {
        return Ok(None);
    }
    if ask("The same again: ")? != first {
        bail!("the two differ; nothing was changed");
    }
    Ok(Some(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_part_of_the_path() {
        assert_eq!(encoded("rosa+x@tienda.co"), "rosa%2Bx@tienda.co");
        assert_eq!(encoded("../x?ñ"), "..%2Fx%3F%C3%B1");
    }
}
