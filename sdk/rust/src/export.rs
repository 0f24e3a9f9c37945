//! Macros that make a wasm component of a plugin.
//!
//! They write the wasm exports only for wasm targets, so that native tests link, and they embed the
//! manifest as custom section `portero:manifest`, where the host looks for it. The path is relative
//! to the plugin's `Cargo.toml`. A missing manifest fails native builds too.

/// Exports a type that implements [`Replies`](crate::Replies) as a replies plugin.
///
/// ```
/// use portero_sdk::Replies;
///
/// #[derive(Default)]
/// struct Silent;
/// impl Replies for Silent {}
///
/// # // The crate's own manifest stands in for a plugin's.
/// portero_sdk::export_replies!(Silent, manifest = "Cargo.toml");
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_replies {
    ($plugin:ty, manifest = $manifest:literal) => {
        $crate::__portero_manifest!($manifest);
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct PorteroGuest;
            impl $crate::bindings::replies::exports::portero::plugin::replies::Guest
                for PorteroGuest
            {
                fn handle(
                    event: $crate::bindings::imports::portero::plugin::types::Event,
                ) -> ::core::result::Result<
                    ::std::vec::Vec<
                        $crate::bindings::replies::exports::portero::plugin::replies::Action,
                    >,
                    $crate::bindings::imports::portero::plugin::types::Failure,
                > {
                    $crate::convert::handle::<$plugin>(event)
                }
            }
            $crate::bindings::replies::export_world!(
                PorteroGuest with_types_in $crate::bindings::replies
            );
        };
    };
}

/// Exports a type that implements [`Segmentation`](crate::Segmentation) as a segmentation plugin.
#[macro_export]
macro_rules! export_segmentation {
    ($plugin:ty, manifest = $manifest:literal) => {
        $crate::__portero_manifest!($manifest);
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::segmentation::exports::portero::plugin::segmentation as portero;
            struct PorteroGuest;
            impl portero::Guest for PorteroGuest {
                fn segments() -> ::std::vec::Vec<portero::SegmentInfo> {
                    $crate::convert::segments::<$plugin>()
                }
                fn classify(
                    batch: portero::Batch,
                ) -> ::core::result::Result<::std::vec::Vec<portero::Membership>, portero::Failure>
                {
                    $crate::convert::classify::<$plugin>(batch)
                }
                fn personalise(
                    batch: portero::Batch,
                    template: portero::TemplateSignature,
                ) -> ::core::result::Result<
                    ::std::vec::Vec<portero::Personalisation>,
                    portero::Failure,
                > {
                    $crate::convert::personalise::<$plugin>(batch, template)
                }
            }
            $crate::bindings::segmentation::export_world!(
                PorteroGuest with_types_in $crate::bindings::segmentation
            );
        };
    };
}

/// Exports a type that implements [`Analytics`](crate::Analytics) as an analytics plugin.
#[macro_export]
macro_rules! export_analytics {
    ($plugin:ty, manifest = $manifest:literal) => {
        $crate::__portero_manifest!($manifest);
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::bindings::analytics::exports::portero::plugin::analytics as portero;
            struct PorteroGuest;
            impl portero::Guest for PorteroGuest {
                fn metrics() -> ::std::vec::Vec<portero::MetricInfo> {
                    $crate::convert::metrics::<$plugin>()
                }
                fn observe(
                    batch: portero::ObservationBatch,
                ) -> ::core::result::Result<::std::vec::Vec<portero::Sample>, portero::Failure>
                {
                    $crate::convert::observe::<$plugin>(batch)
                }
                fn report(
                    query: portero::ReportQuery,
                ) -> ::core::result::Result<::std::vec::Vec<portero::Card>, portero::Failure>
                {
                    $crate::convert::report::<$plugin>(query)
                }
            }
            $crate::bindings::analytics::export_world!(
                PorteroGuest with_types_in $crate::bindings::analytics
            );
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __portero_manifest {
    ($manifest:literal) => {
        const _: () = {
            const MANIFEST: &[u8] = ::core::include_bytes!(::core::concat!(
                ::core::env!("CARGO_MANIFEST_DIR"),
                "/",
                $manifest
            ));
            #[cfg(target_family = "wasm")]
            #[unsafe(link_section = "portero:manifest")]
            static SECTION: [u8; MANIFEST.len()] = *::core::include_bytes!(::core::concat!(
                ::core::env!("CARGO_MANIFEST_DIR"),
                "/",
                $manifest
            ));
            ::core::assert!(!MANIFEST.is_empty(), "the manifest is empty");
        };
    };
}
