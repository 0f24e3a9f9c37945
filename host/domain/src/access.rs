//! Who may do what: rights, and the roles that bundle them.
//!
//! To add a right or a role: its variant, its words, and for a right its place in [`Role::rights`].
//! The page `host/docs/access.md` is written from this file.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing that a caller may be allowed to do. None contains another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See how things stand, without anything of a person.
    Read,
    /// See names, addresses, texts, and what is known of one person.
    SeePersonalData,
    /// Write down and change what does not leave by itself.
    Edit,
    /// Approve a campaign's plan.
    Approve,
    /// Let messages leave: propose, answer, start and resume, tell an event that bots act on.
    Send,
    /// Keep messages from leaving: stop switch, pausing and ending a campaign.
    Stop,
    /// Change how strict the rules are.
    ChangePolicy,
    /// Install plugins with what they are granted.
    InstallPlugin,
    /// Make, list, change and end users and tokens; tenants, numbers and apps.
    ManageAccess,
    /// Read who did what.
    ReadAudit,
}

impl Right {
    /// All of them, in the order pages show them.
    pub const ALL: [Right; 10] = [
        Right::Read,
        Right::SeePersonalData,
        Right::Edit,
        Right::Approve,
        Right::Send,
        Right::Stop,
        Right::ChangePolicy,
        Right::InstallPlugin,
        Right::ManageAccess,
        Right::ReadAudit,
    ];

    /// Stable word: `x-rights` of the OpenAPI document, and codes of refusals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::SeePersonalData => "see_personal_data",
            Right::Edit => "edit",
            Right::Approve => "approve",
            Right::Send => "send",
            Right::Stop => "stop",
            Right::ChangePolicy => "change_policy",
            Right::InstallPlugin => "install_plugin",
            Right::ManageAccess => "manage_access",
            Right::ReadAudit => "read_audit",
        }
    }

    /// What it allows, for the page.
    const fn about(self) -> &'static str {
        match self {
            Right::Read => {
                "see campaigns, plans, templates, numbers, policy, plugins, figures and counts; of persons masked lists alone"
            }
            Right::SeePersonalData => {
                "see names, addresses, texts, consents, messages and verdicts of persons; exports"
            }
            Right::Edit => {
                "write campaigns, contacts, consents, imports, wordings, webhooks, the sandbox list; hand over and give back"
            }
            Right::Approve => "approve a campaign's plan",
            Right::Send => {
                "propose and answer messages, tell business events, run and resume campaigns, lift a stop"
            }
            Right::Stop => "throw the stop switch; pause and end campaigns",
            Right::ChangePolicy => "change how strict the rules are",
            Right::InstallPlugin => "install plugins and grant what they ask for",
            Right::ManageAccess => {
                "make, list, change and end users and tokens; with a token of the server also tenants, numbers and apps"
            }
            Right::ReadAudit => "read who did what",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody is here for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whose business it is.
    Owner,
    /// Runs the day: answers people, writes and runs campaigns.
    Operator,
    /// The second pair of eyes on a campaign.
    Approver,
    /// Builds and connects plugins and systems.
    Developer,
    /// Proves afterwards what was done.
    Auditor,
    /// Looks at how it goes.
    Viewer,
}

impl Role {
    /// All of them, from the one that may most.
    pub const ALL: [Role; 6] = [
        Role::Owner,
        Role::Operator,
        Role::Approver,
        Role::Developer,
        Role::Auditor,
        Role::Viewer,
    ];

    /// What it may do: the one table.
    #[must_use]
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Role::Owner => &Right::ALL,
            Role::Operator => &[
                Right::Read,
                Right::SeePersonalData,
                Right::Edit,
                Right::Send,
                Right::Stop,
            ],
            Role::Approver => &[
                Right::Read,
                Right::SeePersonalData,
                Right::Approve,
                Right::Stop,
            ],
            Role::Developer => &[Right::Read, Right::Edit, Right::Stop, Right::InstallPlugin],
            Role::Auditor => &[Right::Read, Right::SeePersonalData, Right::ReadAudit],
            Role::Viewer => &[Right::Read],
        }
    }

    /// Whether it has a right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.rights().contains(&right)
    }

    /// The first right of these that it lacks.
    #[must_use]
    pub fn lacks(self, wanted: &[Right]) -> Option<Right> {
        wanted.iter().copied().find(|r| !self.has(*r))
    }

    /// Stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Developer => "developer",
            Role::Auditor => "auditor",
            Role::Viewer => "viewer",
        }
    }

    /// Why it has just these rights, for the page.
    const fn about(self) -> &'static str {
        match self {
            Role::Owner => "Whose business it is; alone hands out access, and so answers for it.",
            Role::Operator => {
                "Runs the day and answers people, so sees them. Does not approve its own campaigns, does not change the rules."
            }
            Role::Approver => {
                "Looks at a plan and the people in it before it runs, and may stop what runs. Changes nothing and starts nothing: who approves is not who sends."
            }
            Role::Developer => {
                "Connects systems and installs plugins. Sees no person: a bot is written against the simulator. May stop what misbehaves, never start it."
            }
            Role::Auditor => {
                "Answers \"why did you write to me?\": sees consents and verdicts with the person they are about, and who did what. Changes nothing."
            }
            Role::Viewer => "Sees counts, costs and states. Sees no person.",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role: owner, operator, approver, developer, auditor or viewer")]
pub struct NoSuchRole(String);

impl FromStr for Role {
    type Err = NoSuchRole;
    fn from_str(text: &str) -> Result<Role, NoSuchRole> {
        Role::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| NoSuchRole(text.to_owned()))
    }
}

/// Lists that show people by a masked name and address (see [`crate::masked`]) to whoever may read but not see people.
///
/// They leave out words, ids of Meta's messages (which hold the number) and what a verdict found; whoever may see
/// people is shown all of it, and that look is written down.
pub const MASKED: [&str; 6] = [
    "/v1/contacts",
    "/v1/conversations",
    "/v1/verdicts",
    "/contacts",
    "/inbox",
    "/verdicts",
];

/// What one door asks for: an operation of the API or an address of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path with its parameters in braces.
    pub path: String,
    /// Every right that is needed.
    pub rights: &'static [Right],
}

/// How people and programs get in, for the page.
const PEOPLE: &str = r#"## People

```text
portero user add rosa@tienda.example --role operator --tenant tienda-sol
portero user list
portero user role rosa@tienda.example approver
portero user password rosa@tienda.example
portero user remove rosa@tienda.example
```

People log in at `/login` with a name, unique on the server, and a password of 12 characters or more, which is asked for
without being shown, or made and shown once (`--generate`). It is kept as Argon2id. A session lasts twelve hours;
logging out, another password and the removal of the user end it at once, and another role holds in sessions that are
open. The owner of a tenant keeps the users of that tenant.

Guessing is slow. After five wrong tries for a name from one address the next counts half a minute later, then a minute,
up to fifteen; the same after thirty from one address whatever the name. After twenty for one name from anywhere the next
counts half a minute later, never more. A browser from which that person logged in within the last half year has ten
tries of its own: no stranger can lock anybody out, and who has the server's machine always has `portero user password`.
A name that does not exist is answered like a wrong password, after the same work.

Behind a proxy set `public_url`; `trusted_proxies` names the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count
(those on this machine when nothing is set), and they must set both. Over TLS the cookies are `Secure`.

## Tokens

```text
portero token create "order system" --tenant tienda-sol --role operator --expires-days 90
portero token list --tenant tienda-sol
portero token revoke tok_…
```

"#;

/// What is kept of their acts, for the page.
const LOG: &str = r#"
## Who did what

Every change through the API or the pages, every look at a person (what needs `see_personal_data`), every login and
logout is one row: when, who (user or token), which tenant, which operation, ids of what it was about, and the status
of the answer; also when the answer was a refusal. Never a body, a secret, a name, a number or a text: somebody named by
their number in an address stands there by their id of ours, or not at all. Looks by one token that are the same within
a minute share a row with a count. A look that cannot be written down is not answered.

```text
portero audit --tenant tienda-sol
portero audit --who rosa@tienda.example --since 2026-11-01
```

`GET /v1/audit` and the page `/audit` show the same to whoever has `read_audit`: each tenant its own rows, the operator
of the server all. Rows are kept for `audit_keep_days` (730). Not in it: what the host does by itself, what bots
propose (their calls and verdicts have records of their own), wrong passwords for names that do not exist, and tries
that have to wait.
"#;

/// The page of roles and rights; `api` and `pages` are the doors in the order of their lists.
#[must_use]
pub fn access_page(api: &[Door], pages: &[Door]) -> String {
    let mut page = String::from(
        "# Who may do what\n\n\
         Generated from `host/domain/src/access.rs` and the lists of routes; do not edit.\n\
         To renew it: `UPDATE_DOCS=1 cargo test --workspace --test tidy`.\n\n\
         Each user and each access token has one role, and reaches one tenant or (made without `--tenant`) the whole \
         server. Role and reach are two questions: a token of the server with the role `viewer` looks at every tenant and changes none; \
         what concerns the server itself (tenants, numbers, apps, the simulated clock) needs the right *and* a token of \
         the server, else the answer is `operator_only`.\n\n",
    );
    page.push_str(PEOPLE);
    page.push_str(
        "Without `--role` a token is an `owner`, as every token was before there were roles. The owner of a tenant makes, \
         lists and ends the tokens of that tenant; of another's it gets the same answer as of one that does not exist. A \
         token that ran out or was ended is answered 401 like one that never was. `last_used_at` is kept to the minute.\n\n\
         What a role lacks is answered 403 with the code `missing_right.` and the right (`missing_right.send`), before \
         anything of the request is read. Every operation names its rights in `x-rights` of `/openapi.json`; all of them \
         are needed.\n\n\
         ## Roles\n\n| right |",
    );
    for role in Role::ALL {
        let _ = write!(page, " {role} |");
    }
    page.push_str("\n|---|");
    for _ in Role::ALL {
        page.push_str(":-:|");
    }
    page.push('\n');
    for right in Right::ALL {
        let _ = write!(page, "| `{right}` |");
        for role in Role::ALL {
            page.push_str(if role.has(right) { " ✓ |" } else { " – |" });
        }
        page.push('\n');
    }
    page.push('\n');
    for role in Role::ALL {
        let _ = writeln!(page, "- **{role}**: {}", role.about());
    }
    page.push_str(
        "\nWhat is of a person is refused as a whole without `see_personal_data`: ids of messages at Meta hold the phone \
         number, and findings of verdicts quote what was said. Three lists are shown masked instead (`M•••`, `•••4821`), \
         without words, Meta's ids and findings: contacts, conversations and verdicts, each as operation and as page. \
         Nobody is opened nor searched for there ([why](decisions/0024-masked-lists.md)).\n\n\
         ## Rights\n\n| right | allows to |\n|---|---|\n",
    );
    for right in Right::ALL {
        let _ = writeln!(page, "| `{right}` | {} |", right.about());
    }
    page.push_str(LOG);
    for (title, doors) in [
        ("Operations of the API", api),
        ("Pages of the console", pages),
    ] {
        let _ = write!(page, "\n## {title}\n\n| operation | needs |\n|---|---|\n");
        for door in doors {
            let rights: Vec<String> = door.rights.iter().map(|r| format!("`{r}`")).collect();
            let _ = writeln!(
                page,
                "| `{} {}` | {} |",
                door.method,
                door.path,
                rights.join(" ")
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_hands_out_access_or_changes_the_rules() {
        for right in [Right::ManageAccess, Right::ChangePolicy] {
            let who: Vec<Role> = Role::ALL.into_iter().filter(|r| r.has(right)).collect();
            assert_eq!(who, [Role::Owner], "{right}");
        }
    }

    #[test]
    fn who_approves_does_not_send_and_who_sends_does_not_approve() {
        for role in Role::ALL.into_iter().filter(|r| *r != Role::Owner) {
            assert!(
                !(role.has(Right::Approve) && role.has(Right::Send)),
                "{role}"
            );
        }
        assert!(!Role::Developer.has(Right::Send) && Role::Developer.has(Right::Edit));
    }

    #[test]
    fn auditors_and_viewers_change_nothing() {
        let harmless = [Right::Read, Right::SeePersonalData, Right::ReadAudit];
        for role in [Role::Auditor, Role::Viewer] {
            assert!(role.rights().iter().all(|r| harmless.contains(r)), "{role}");
        }
    }

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        for right in Right::ALL {
            assert_eq!(serde_json::to_value(right).unwrap(), right.as_str());
        }
        assert!("Owner".parse::<Role>().is_err());
    }

    #[test]
    fn the_first_right_that_is_missing_is_named() {
        let wanted = [Right::Read, Right::Send, Right::SeePersonalData];
        assert_eq!(Role::Viewer.lacks(&wanted), Some(Right::Send));
        assert_eq!(Role::Operator.lacks(&wanted), None);
    }
}
