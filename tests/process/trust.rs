//! From an author's key to an installed plugin, from a terminal: signed, trusted, locked, applied from a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::binary::{folder, run};
use crate::shops::Shops;

pub(crate) fn a_plugin_is_signed_trusted_locked_and_applied_from_a_file(shops: &Shops) {
    let here = folder();
    let at = |name: &str| {
        let path = here.path().join(name);
        path.to_str().expect("a path").to_owned()
    };
    let wasm = portero::guest::CART_RECOVERY;
    fs::write(at("cart.wasm"), wasm).unwrap();
    let create = [
        "tenant",
        "create",
        "autores",
        "--name",
        "Autores",
        "--timezone",
    ];
    let create = [&create[..], &["America/Bogota", "--country", "CO"]].concat();
    shops.run(&create).says(0, &["autores"]);
    let plugin = |rest: &[&str]| {
        let all = [&["plugin"], rest, &["--tenant", "autores"]].concat();
        shops.run(&all)
    };

    // The author: a key that nobody else reads and that is never written over, and a signature.
    let new = ["plugin", "key", "new", "acme", "--json"];
    let made = run(here.path(), &new).json();
    let key = made["key_id"].as_str().expect("an id");
    let mode = fs::metadata(at("acme.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    run(here.path(), &new).says(1, &["acme.key", "never written over"]);
    let sign = ["plugin", "sign", "cart.wasm", "--key", "acme.key"];
    run(
        here.path(),
        &["plugin", "sign", "acme.key", "--key", "acme.key"],
    )
    .says(1, &["expected a WebAssembly component"]);
    run(
        here.path(),
        &["plugin", "sign", "cart.wasm", "--key", "cart.wasm"],
    )
    .says(1, &["cart.wasm", "no secret key"]);
    run(
        here.path(),
        &["plugin", "sign", "cart.wasm", "--key", "acme.pub"],
    )
    .says(1, &["acme.pub", "no secret key"]);
    run(here.path(), &sign).says(
        0,
        &["com.portero.cart-recovery 0.1.0", key, "cart.wasm.minisig"],
    );

    // The operator: not before the key is trusted.
    let (file, lock) = (at("cart.wasm"), at("portero.lock"));
    let install = ["install", file.as_str(), "--grant", "kv", "--lock", &lock];
    plugin(&install).says(1, &[key, "none is", "portero plugin trust add"]);
    let trust = [
        "trust",
        "add",
        &at("acme.pub"),
        "--name",
        "Acme",
        "--prefix",
        "com.portero.",
    ];
    plugin(&trust).says(0, &[key, "com.portero."]);
    plugin(&["trust", "list"]).says(0, &[key, "Acme"]);
    plugin(&install).says(
        0,
        &["installed com.portero.cart-recovery", "signed by Acme"],
    );
    plugin(&["list"]).says(0, &["signed by Acme"]);
    plugin(&["show", "com.portero.cart-recovery"]).says(0, &["signed by Acme", "does not name"]);
    assert!(
        !here.path().join("portero.lock").exists(),
        "nobody asked for one"
    );

    // The lock names what runs, and lets nothing else in.
    plugin(&["install", &file, "--locked", "--lock", &lock])
        .says(1, &["there is no", "plugin lock"]);
    plugin(&["lock", "--lock", &lock]).says(0, &["1 plugins"]);
    let locked = fs::read_to_string(&lock).unwrap();
    assert!(
        locked.contains("com.portero.cart-recovery") && locked.contains("key = \"RW"),
        "{locked}"
    );
    let by_lock = [&install[..], &["--locked"]].concat();
    plugin(&by_lock).says(0, &["signed by Acme"]);
    // The same plugin with a section more: signed as well, and not what the lock names.
    fs::write(at("other.wasm"), [wasm, &[0, 2, 1, b'x']].concat()).unwrap();
    run(
        here.path(),
        &["plugin", "sign", "other.wasm", "--key", "acme.key"],
    )
    .says(0, &[key]);
    let other = at("other.wasm");
    plugin(&["install", &other, "--locked", "--lock", &lock]).says(
        1,
        &[
            "portero.lock",
            "the file is 0.1.0 with sha256:",
            "--locked out",
        ],
    );
    plugin(&["upgrade", &other, "--locked", "--lock", &lock]).says(1, &["--locked out"]);
    plugin(&["upgrade", &other, "--lock", &lock]).says(0, &["runs"]);
    let now = fs::read_to_string(&lock).unwrap();
    assert_ne!(now, locked, "kept up to date");
    plugin(&["upgrade", &file, "--locked", "--lock", &lock]).says(1, &["--locked out"]);
    plugin(&["install", "https://acme.example/x.wasm"]).says(1, &["--digest"]);
    plugin(&[
        "install",
        "https://acme.example/x.wasm",
        "--locked",
        "--lock",
        &lock,
    ])
    .says(1, &["does not name https://acme.example/x.wasm"]);

    // A file says it all, twice as well as once.
    let digest = run(here.path(), &["plugin", "inspect", "cart.wasm", "--json"]).json();
    let digest = digest["digest"].as_str().expect("a digest");
    let text = format!(
        "[plugins.\"com.portero.cart-recovery\"]\nfile = \"cart.wasm\"\ndigest = \"sha256:{digest}\"\n\
         permissions = [\"kv\", \"log\"]\n[plugins.\"com.portero.cart-recovery\".settings]\nshop = \"Sol\"\n"
    );
    let applied = at("plugins.toml");
    let apply = |text: &str| {
        fs::write(&applied, text).unwrap();
        plugin(&["apply", &applied])
    };
    apply(&text).says(0, &["com.portero.cart-recovery 0.1.0: changed"]);
    apply(&text).says(0, &["as it was"]);
    let listed = plugin(&["list", "--json"]).json();
    assert_eq!(listed[0]["digest"], digest);
    assert_eq!(listed[0]["grants"]["permissions"][1], "log");
    let off = text.replacen("permissions", "enabled = false\npermissions", 1);
    apply(&off).says(0, &["changed"]);
    assert_eq!(plugin(&["list", "--json"]).json()[0]["enabled"], false);
    apply(&off).says(0, &["as it was"]);
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "cart.wasm",
            "other.wasm",
            &["expected the file with sha256", digest],
        ),
        ("\"kv\"", "\"http.fetch\"", &["http.fetch", "not asked for"]),
        ("shop =", "shopp =", &["shopp"]),
        (
            "cart-recovery",
            "cart-other",
            &["cart-other", "which is `com.portero.cart-recovery`"],
        ),
        ("digest", "digist", &["digist"]),
    ];
    for (from, to, words) in cases {
        assert!(text.contains(*from), "{from}");
        apply(&text.replace(*from, to)).says(1, words);
    }

    // A key hands over to the next, and the old one is done with.
    run(here.path(), &["plugin", "key", "new", "next"]).says(0, &["next.pub"]);
    run(
        here.path(),
        &["plugin", "sign", "next.pub", "--key", "acme.key"],
    )
    .says(0, &["takes the place"]);
    let next = at("next.pub");
    plugin(&["trust", "rotate", key, &next]).says(0, &["takes the place of", "com.portero."]);
    plugin(&install).says(1, &["which key", "replaced"]);
    run(
        here.path(),
        &["plugin", "sign", "cart.wasm", "--key", "next.key"],
    )
    .says(0, &[]);
    plugin(&install).says(0, &["signed by Acme"]);
    plugin(&["trust", "remove", key]).says(0, &["trusted no more"]);
    plugin(&["trust", "remove", key]).says(1, &["no plugin key"]);
}
