//! How far the server's certificate is trusted, in libpq's terms.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// What is checked of the server's certificate, where TLS is used at all.
#[derive(Debug, Clone, Default)]
pub enum Tls {
    /// That a root of this machine stands behind it, and its name.
    #[default]
    System,
    /// Nothing: `sslmode=prefer` and `require`.
    Unverified,
    /// That one of these roots stands behind it: `verify-ca`; with `names` also its name:
    /// `verify-full`.
    Roots {
        /// The roots.
        roots: Arc<RootCertStore>,
        /// The name is checked, too.
        names: bool,
    },
}

/// Reads the certificates of a PEM file.
///
/// # Errors
/// In words, if there are none that can be read.
pub fn roots_of(file: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(roots)
}

/// The roots that this machine trusts.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        let _ = roots.add(certificate);
    }
    roots
}

/// The client's side of a connection with `tls`.
pub(crate) fn client_config(tls: &Tls) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = match ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
    {
        Ok(builder) => builder,
        Err(error) => unreachable!("ring supports TLS 1.2 and 1.3: {error}"),
    };
    let lenient = match tls {
        Tls::System => {
            return builder
                .with_root_certificates(system_roots())
                .with_no_client_auth();
        }
        Tls::Roots { roots, names: true } => {
            return builder
                .with_root_certificates(roots.clone())
                .with_no_client_auth();
        }
        Tls::Roots { roots, .. } => Lenient::chain_only(roots.clone(), provider),
        Tls::Unverified => Lenient {
            chain: None,
            provider,
        },
    };
    builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(lenient))
        .with_no_client_auth()
}

/// Checks the chain, if anything; never the name.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Lenient {
    fn chain_only(roots: Arc<RootCertStore>, provider: Arc<CryptoProvider>) -> Self {
        let chain = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
        match chain {
            Ok(chain) => Self {
                chain: Some(chain),
                provider,
            },
            Err(error) => unreachable!("there are roots: {error}"),
        }
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
