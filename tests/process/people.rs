//! People's accounts and the log of who did what, from a terminal.

use crate::shops::Shops;

const PASSWORD: &str = "correcto-caballo-pila";

pub(crate) fn a_password_is_read_and_never_an_argument(shops: &Shops) {
    let add = [
        "user",
        "add",
        "rosa@sol.example",
        "--role",
        "operator",
        "--tenant",
        "tienda-sol",
    ];
    shops
        .typing(&format!("{PASSWORD}\n"), &add)
        .says(0, &["rosa@sol.example may log in as operator"]);
    shops
        .typing("", &add)
        .says(1, &["no password", "--generate"]);
    shops.typing("short\n", &add).says(1, &["12 to 200"]);
    shops
        .typing(&format!("{PASSWORD}\n"), &add)
        .says(1, &["name: somebody on this host has it"]);
    shops
        .run(&[
            "user",
            "add",
            "x",
            "--role",
            "viewer",
            "--password",
            PASSWORD,
        ])
        .says(2, &["--password"]);
    let made = shops
        .run(&[
            "user",
            "add",
            "ana",
            "--role",
            "owner",
            "--generate",
            "--json",
        ])
        .json();
    assert_eq!(made["password"].as_str().unwrap().len(), 29, "{made}");
    let listed = shops.run(&["user", "list"]);
    listed.says(0, &["rosa@sol.example", "operator", "ana", "owner"]);
    assert!(!listed.out.contains(PASSWORD), "{}", listed.out);
    let of_sol = shops
        .run(&["user", "list", "--tenant", "tienda-sol", "--json"])
        .json();
    assert_eq!(of_sol["items"].as_array().unwrap().len(), 1, "{of_sol}");
    shops
        .run(&["user", "role", "ana", "auditor"])
        .says(0, &["ana is auditor now"]);
    shops
        .run(&["user", "password", "ana", "--generate"])
        .says(0, &["ana has another password", "shown once"]);
    shops
        .run(&["user", "remove", "ana"])
        .says(0, &["ana was removed"]);
    shops
        .run(&["user", "remove", "ana"])
        .says(1, &["no user `ana`"]);
}

pub(crate) fn who_did_what_is_told(shops: &Shops) {
    shops
        .run(&["stop", "--tenant", "loja-lua"])
        .says(0, &["stopped"]);
    shops
        .run(&["resume", "--tenant", "loja-lua"])
        .says(0, &["resumed"]);
    let told = shops
        .run(&["audit", "--operation", "POST /v1/stop", "--json"])
        .json();
    let row = &told["items"][0];
    assert_eq!(
        (&row["operation"], &row["times"]),
        (&"POST /v1/stop".into(), &1.into()),
        "{told}"
    );
    shops.run(&["audit", "--limit", "3"]).says(
        0,
        &[
            "when",
            "who",
            "command line of",
            "POST /v1/resume",
            "older: --after aud_",
        ],
    );
    shops
        .run(&["audit", "--who", "nobody"])
        .says(0, &["nothing"]);
    shops
        .run(&["audit", "--since", "yesterday"])
        .says(1, &["2026-11-29"]);
}
