//! One TLS provider for the whole process: ring, with Mozilla's roots compiled in.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};

/// Makes ring the process-wide provider; later calls change nothing.
///
/// Call it first thing in `main`: libraries that build their own TLS find the provider there.
pub fn install_tls() {
    // An error only says that a provider is installed already.
    let _already = ring::default_provider().install_default();
}

/// The client side: system-independent roots, HTTP/1.1 only.
pub(crate) fn client_config() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider: Arc<CryptoProvider> = CryptoProvider::get_default()
        .map_or_else(|| Arc::new(ring::default_provider()), Arc::clone);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_is_harmless_and_clients_speak_http_1_1() {
        install_tls();
        install_tls();
        assert_eq!(
            client_config().unwrap().alpn_protocols,
            vec![b"http/1.1".to_vec()]
        );
    }
}
