//! One TLS set-up, one way to make HTTP clients, and the guard that plugins' requests go through.
//!
//! [`client()`] talks to addresses the operator configured (Graph, the simulator); [`guarded_client`]
//! talks to addresses a plugin named and therefore refuses everything that is not public, and every
//! messaging provider. [`fetch`] asks for plugins through it; [`webhook`] tells tenants' own systems, under the
//! same guard.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod client;
pub mod fetch;
pub mod guard;
pub mod providers;
pub mod tls;
pub mod webhook;

pub use client::{ClientError, ClientOptions, client, guarded_client};
pub use guard::{Blocked, GuardedResolver, check_url, is_global};
pub use providers::is_messaging_provider;
pub use reqwest::Url;
pub use tls::install_tls;
