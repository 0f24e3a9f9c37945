//! What wit-bindgen makes of `wit/v0.1`; wasm only, and nothing of it is API.
//!
//! The imports are generated once; the three kinds share their types. Each kind's export macro
//! carries the description of its world, so a plugin is linked with one kind only.

#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

#[doc(hidden)]
pub mod imports {
    wit_bindgen::generate!({ path: "../../wit/v0.1", world: "imports", generate_all });
}

#[doc(hidden)]
pub mod replies {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "replies-plugin",
        with: {
            "portero:plugin/types@0.1.0": crate::bindings::imports::portero::plugin::types,
            "portero:plugin/log@0.1.0": crate::bindings::imports::portero::plugin::log,
            "portero:plugin/config@0.1.0": crate::bindings::imports::portero::plugin::config,
            "portero:plugin/kv@0.1.0": crate::bindings::imports::portero::plugin::kv,
            "portero:plugin/gate@0.1.0": crate::bindings::imports::portero::plugin::gate,
            "portero:plugin/contacts@0.1.0": crate::bindings::imports::portero::plugin::contacts,
            "portero:plugin/http@0.1.0": crate::bindings::imports::portero::plugin::http,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

#[doc(hidden)]
pub mod segmentation {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "segmentation-plugin",
        with: {
            "portero:plugin/types@0.1.0": crate::bindings::imports::portero::plugin::types,
            "portero:plugin/log@0.1.0": crate::bindings::imports::portero::plugin::log,
            "portero:plugin/config@0.1.0": crate::bindings::imports::portero::plugin::config,
            "portero:plugin/kv@0.1.0": crate::bindings::imports::portero::plugin::kv,
            "portero:plugin/gate@0.1.0": crate::bindings::imports::portero::plugin::gate,
            "portero:plugin/contacts@0.1.0": crate::bindings::imports::portero::plugin::contacts,
            "portero:plugin/http@0.1.0": crate::bindings::imports::portero::plugin::http,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}

#[doc(hidden)]
pub mod analytics {
    wit_bindgen::generate!({
        path: "../../wit/v0.1",
        world: "analytics-plugin",
        with: {
            "portero:plugin/types@0.1.0": crate::bindings::imports::portero::plugin::types,
            "portero:plugin/log@0.1.0": crate::bindings::imports::portero::plugin::log,
            "portero:plugin/config@0.1.0": crate::bindings::imports::portero::plugin::config,
            "portero:plugin/kv@0.1.0": crate::bindings::imports::portero::plugin::kv,
            "portero:plugin/gate@0.1.0": crate::bindings::imports::portero::plugin::gate,
            "portero:plugin/contacts@0.1.0": crate::bindings::imports::portero::plugin::contacts,
            "portero:plugin/http@0.1.0": crate::bindings::imports::portero::plugin::http,
        },
        pub_export_macro: true,
        export_macro_name: "export_world",
    });
}
