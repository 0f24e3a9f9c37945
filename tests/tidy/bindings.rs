//! The SDK's bindings are checked in: they must be what wit-bindgen makes of the contract.

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::{Opts, WithOption};

use crate::tree::{fresh, root};

/// Module of `sdk/rust/src/bindings`, and the world it is made of. The kinds take the imports' types.
const WORLDS: [(&str, &str); 4] = [
    ("imports", "imports"),
    ("replies", "replies-plugin"),
    ("segmentation", "segmentation-plugin"),
    ("analytics", "analytics-plugin"),
];

/// Interfaces that [`WORLDS`]' first has and the others share.
const SHARED: [&str; 7] = ["types", "log", "config", "kv", "gate", "contacts", "http"];

fn options(module: &str) -> Opts {
    let mut options = Opts {
        format: true,
        runtime_path: Some("crate::bindings::rt".to_owned()),
        ..Opts::default()
    };
    if module == "imports" {
        options.generate_all = true;
        return options;
    }
    for interface in SHARED {
        let path = format!("crate::bindings::imports::portero::plugin::{interface}");
        let name = format!("portero:plugin/{interface}@0.1.0");
        options.with.push((name, WithOption::Path(path)));
    }
    options.pub_export_macro = true;
    options.export_macro_name = Some("export_world".to_owned());
    options
}

fn generated(module: &str, world: &str) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_path(root().join("wit/v0.1"))
        .expect("the contract reads");
    let id = resolve
        .select_world(&[package], Some(world))
        .expect("the world");
    let mut files = Files::default();
    options(module)
        .build()
        .generate(&mut resolve, id, &mut files)
        .expect("bindings");
    let (_, text) = files.iter().next().expect("one file");
    let text = std::str::from_utf8(text).expect("UTF-8");
    format!(
        "//! World `{world}` of `wit/v0.1`. @generated\n\
         // by wit-bindgen: UPDATE_DOCS=1 cargo test -p portero-tests --test tidy\n{text}"
    )
}

#[test]
fn the_bindings_are_what_wit_bindgen_makes_of_the_contract() {
    for (module, world) in WORLDS {
        fresh(
            &format!("sdk/rust/src/bindings/{module}.rs"),
            &generated(module, world),
            "It is generated from wit/v0.1; write it anew with",
        );
    }
}
