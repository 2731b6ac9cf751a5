//! The keys that PostgREST's `jwt-secret` may hold: a passphrase, a JSON web key, or a set of them;
//! and which of them may verify which token. As jose-jwt, PostgREST's library, decides it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Shortest passphrase, in bytes.
const SHORTEST_SECRET: usize = 32;

/// Why a token is refused before its claims are looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text is empty.
    #[error("empty token")]
    Empty,
    /// Not three parts separated by dots.
    #[error("expected 3 parts in JWT; got {0}")]
    Parts(usize),
    /// Header, claims or signature are not what they must be, or the algorithm is not known.
    #[error("malformed token")]
    Malformed,
    /// The algorithm is `none`.
    #[error("unsecured token")]
    Unsecured,
    /// No key has the token's algorithm and key id.
    #[error("no suitable key")]
    NoSuitableKey,
    /// No suitable key made this signature.
    #[error("bad signature")]
    Signature,
    /// The claims are no JSON object.
    #[error("claims are no object")]
    Claims,
}

/// Why a secret is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A passphrase that is too short.
    #[error("The JWT secret must be at least 32 characters long.")]
    Short,
}

/// Keys that verify.
#[derive(Clone)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// The only algorithm, where the key names one.
    only: Option<String>,
    /// For encryption: it verifies nothing.
    encrypts: bool,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Symmetric(DecodingKey),
    Rsa(DecodingKey),
    Ec(DecodingKey),
    Ed25519(DecodingKey),
    /// Valid, of a kind that nothing here verifies with.
    Unusable,
}

/// A JSON web key, as much of it as verifies.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    k: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    enc: Option<Value>,
}

impl KeySet {
    /// Reads `jwt-secret`: a key set, a key, or else a passphrase for HS256.
    ///
    /// # Errors
    /// [`KeyError::Short`].
    pub fn parse(secret: &[u8]) -> Result<Self, KeyError> {
        let json: Option<Value> = serde_json::from_slice(secret).ok();
        if let Some(keys) = json.as_ref().and_then(read_set) {
            return Ok(Self { keys });
        }
        if let Some(key) = json.as_ref().and_then(read_key) {
            return Ok(Self { keys: vec![key] });
        }
        if secret.len() < SHORTEST_SECRET {
            return Err(KeyError::Short);
        }
        Ok(Self {
            keys: vec![Key {
                id: None,
                only: Some("HS256".to_owned()),
                encrypts: false,
                kind: Kind::Symmetric(DecodingKey::from_secret(secret)),
            }],
        })
    }

    /// How many of the keys can verify nothing here (ES512, Ed448, unknown kinds).
    pub fn unusable(&self) -> usize {
        let unusable = |key: &&Key| matches!(key.kind, Kind::Unusable);
        self.keys.iter().filter(unusable).count()
    }

    /// The claims of `token`, if a key made its signature. Times are not looked at.
    ///
    /// # Errors
    /// Why the token is refused.
    pub fn claims(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(TokenError::Parts(parts.len()));
        };
        let text = decode(header)?;
        let value: Value = serde_json::from_slice(&text).map_err(|_| TokenError::Malformed)?;
        if value.get("alg").and_then(Value::as_str) == Some("none") {
            return Err(TokenError::Unsecured);
        }
        let header: Header = serde_json::from_value(value).map_err(|_| TokenError::Malformed)?;
        let algorithm = algorithm(&header.alg).ok_or(TokenError::Malformed)?;
        if header.enc.is_some() {
            return Err(TokenError::Malformed);
        }
        let claims = decode(payload)?;
        decode(signature)?;
        let mut suitable = self
            .keys
            .iter()
            .filter_map(|key| key.fits(&header))
            .peekable();
        if suitable.peek().is_none() {
            return Err(TokenError::NoSuitableKey);
        }
        let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
        let verifies = |key: &DecodingKey| {
            algorithm.is_some_and(|algorithm| {
                jsonwebtoken::crypto::verify(signature, signed.as_bytes(), key, algorithm)
                    .unwrap_or(false)
            })
        };
        if !suitable.any(verifies) {
            return Err(TokenError::Signature);
        }
        serde_json::from_slice(&claims).map_err(|_| TokenError::Claims)
    }
}

impl Key {
    /// The key, if it may verify a token of this header.
    fn fits(&self, header: &Header) -> Option<&DecodingKey> {
        let same_id = header.kid.is_none() || header.kid == self.id;
        let may = self.only.as_ref().is_none_or(|only| *only == header.alg);
        if self.encrypts || !same_id || !may {
            return None;
        }
        match (&self.kind, header.alg.as_str()) {
            (Kind::Symmetric(key), "HS256" | "HS384" | "HS512")
            | (Kind::Rsa(key), "RS256" | "RS384" | "RS512")
            | (Kind::Ed25519(key), "EdDSA")
            // Of another curve than its algorithm says, it is suitable and verifies nothing.
            | (Kind::Ec(key), "ES256" | "ES384" | "ES512") => Some(key),
            _ => None,
        }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

/// An algorithm that PostgREST knows; `Some(None)`: known, but nothing here verifies with it.
fn algorithm(name: &str) -> Option<Option<Algorithm>> {
    Some(match name {
        "HS256" => Some(Algorithm::HS256),
        "HS384" => Some(Algorithm::HS384),
        "HS512" => Some(Algorithm::HS512),
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "EdDSA" => Some(Algorithm::EdDSA),
        "ES512" => None,
        _ => return None,
    })
}

fn read_set(json: &Value) -> Option<Vec<Key>> {
    json.get("keys")?.as_array()?.iter().map(read_key).collect()
}

fn read_key(json: &Value) -> Option<Key> {
    json.as_object()?;
    let unusable = || Key {
        id: None,
        only: None,
        encrypts: false,
        kind: Kind::Unusable,
    };
    // A key of an unknown type or algorithm is one of the set that is never used.
    let known = |name: &str, names: &[&str]| match json.get(name) {
        None | Some(Value::Null) => name == "alg",
        Some(value) => value.as_str().is_some_and(|value| names.contains(&value)),
    };
    const ALGORITHMS: [&str; 17] = [
        "none",
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "ES256",
        "ES384",
        "ES512",
        "EdDSA",
        "RSA1_5",
        "RSA-OAEP",
        "RSA-OAEP-256",
        "A128KW",
        "A192KW",
        "A256KW",
    ];
    if !known("alg", &ALGORITHMS) || !known("kty", &["RSA", "OKP", "EC", "oct"]) {
        return Some(unusable());
    }
    let jwk: Jwk = serde_json::from_value(json.clone()).ok()?;
    let kind = match jwk.kty.as_str() {
        "RSA" => {
            let (n, e) = (jwk.n.as_deref()?, jwk.e.as_deref()?);
            Kind::Rsa(DecodingKey::from_rsa_components(n, e).ok()?)
        }
        "oct" => Kind::Symmetric(DecodingKey::from_secret(
            &URL_SAFE_NO_PAD.decode(jwk.k.as_deref()?).ok()?,
        )),
        "OKP" => match jwk.crv.as_deref()? {
            "Ed25519" => Kind::Ed25519(DecodingKey::from_ed_components(jwk.x.as_deref()?).ok()?),
            "Ed448" => Kind::Unusable,
            _ => return None,
        },
        _ => {
            let (x, y) = (jwk.x.as_deref()?, jwk.y.as_deref()?);
            match jwk.crv.as_deref()? {
                "P-256" | "P-384" => Kind::Ec(DecodingKey::from_ec_components(x, y).ok()?),
                "P-521" => Kind::Unusable,
                _ => return None,
            }
        }
    };
    let okp = jwk.kty == "OKP";
    let encrypts = match jwk.purpose.as_deref() {
        None | Some("sig") => false,
        Some("enc") => !okp,
        Some(_) => return None,
    };
    Some(Key {
        id: jwk.kid,
        only: if okp {
            Some("EdDSA".to_owned())
        } else {
            jwk.alg
        },
        encrypts,
        kind,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::SigningKey;
    use crate::mint::mint;

    const SECRET: &str = "reallyreallyreallyreallyverysafe";

    fn token(secret: &str) -> String {
        let key = SigningKey::Hs256(secret.to_owned().into());
        mint(&key, &json!({"role": "web_user"})).unwrap()
    }

    fn with_header(header: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode("{}"), "AAAA")
    }

    #[test]
    fn a_passphrase_verifies_hs256_and_nothing_else() {
        let keys = KeySet::parse(SECRET.as_bytes()).unwrap();
        assert_eq!(keys.claims(&token(SECRET)).unwrap()["role"], "web_user");
        let other = "another passphrase that is long enough";
        assert_eq!(keys.claims(&token(other)), Err(TokenError::Signature));
        for (header, error) in [
            (json!({"alg": "HS512"}), TokenError::NoSuitableKey),
            (json!({"alg": "RS256"}), TokenError::NoSuitableKey),
            (
                json!({"alg": "HS256", "kid": "x"}),
                TokenError::NoSuitableKey,
            ),
            (json!({"alg": "none"}), TokenError::Unsecured),
            (json!({"alg": "PS256"}), TokenError::Malformed),
            (json!({"kid": "x"}), TokenError::Malformed),
            (json!([]), TokenError::Malformed),
        ] {
            assert_eq!(keys.claims(&with_header(&header)), Err(error), "{header}");
        }
        assert_eq!(keys.claims(""), Err(TokenError::Empty));
        assert_eq!(keys.claims("a.b"), Err(TokenError::Parts(2)));
        assert_eq!(keys.claims("a.b.c.d.e"), Err(TokenError::Parts(5)));
        assert_eq!(keys.claims("!.!.!"), Err(TokenError::Malformed));
        assert_eq!(KeySet::parse(b"short").err(), Some(KeyError::Short));
    }

    #[test]
    fn a_key_of_a_set_is_found_by_its_id_or_tried() {
        let jwk = |id: &str, secret: &str| json!({"kty": "oct", "kid": id, "k": URL_SAFE_NO_PAD.encode(secret)});
        let set = json!({"keys": [
            jwk("one", "something else"),
            jwk("two", SECRET),
            {"kty": "of the future"},
        ]});
        let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
        assert_eq!(keys.unusable(), 1);
        assert!(keys.claims(&token(SECRET)).is_ok());
        let single = KeySet::parse(jwk("two", SECRET).to_string().as_bytes()).unwrap();
        assert!(single.claims(&token(SECRET)).is_ok());
    }

    #[test]
    fn public_keys_verify() {
        // The example of RFC 8037, appendix A.
        let jwk = json!({"kty": "OKP", "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let keys = KeySet::parse(jwk.to_string().as_bytes()).unwrap();
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0Jzl\
                     nLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        // The signature holds; what is signed is no JSON object.
        assert_eq!(keys.claims(token), Err(TokenError::Claims));
        let broken = token.replace("RXhh", "RXhi");
        assert_eq!(keys.claims(&broken), Err(TokenError::Signature));
    }

    /// A key pair of a test's own, made with OpenSSL; the tokens say `{"role": "web"}`.
    #[test]
    fn rsa_and_elliptic_curves_verify() {
        let rsa = json!({"kty": "RSA", "kid": "r", "alg": "RS256", "e": "AQAB", "n": RSA_MODULUS});
        let ec = json!({"kty": "EC", "crv": "P-256",
            "x": "uqabPuxK7TAx79W66ga-fM840oA9VYSVnHkkqdx-WpM",
            "y": "eJ9cZSqOeJIT_Aqlo8HCY_sNfgSNYm4Grt2Tl2zxNy8"});
        let both = json!({"keys": [rsa, ec]});
        let keys = KeySet::parse(both.to_string().as_bytes()).unwrap();
        for token in [RSA_TOKEN, EC_TOKEN] {
            assert_eq!(keys.claims(token).unwrap()["role"], "web");
            let (rest, _) = token.rsplit_once('.').unwrap();
            assert_eq!(
                keys.claims(&format!("{rest}.AAAA")),
                Err(TokenError::Signature)
            );
        }
        // A public key is no passphrase.
        let forged = token(&rsa.to_string());
        assert_eq!(keys.claims(&forged), Err(TokenError::NoSuitableKey));
        let only = |key: &Value| KeySet::parse(key.to_string().as_bytes()).unwrap();
        assert_eq!(only(&ec).claims(RSA_TOKEN), Err(TokenError::NoSuitableKey));
        let encrypts = json!({"kty": "RSA", "use": "enc", "e": "AQAB", "n": RSA_MODULUS});
        assert_eq!(
            only(&encrypts).claims(RSA_TOKEN),
            Err(TokenError::NoSuitableKey)
        );
        let other_id = json!({"kty": "RSA", "kid": "x", "e": "AQAB", "n": RSA_MODULUS});
        assert_eq!(
            only(&other_id).claims(RSA_TOKEN),
            Err(TokenError::NoSuitableKey)
        );
    }

    const RSA_MODULUS: &str = "7iQJ48ezySVaEs5mVIgEE1h2sglSZnM7VOkmuu90aYuKbjjv54iupg7aqPWzAWxVbUHtBZzfEZg3PWGu\
         IYQwxZ5xw3eTaUslQn7r1s2MP_qKkfg0BD_YjvGEMiOkHfblVPH5uFIQ7Qrnda7jqBa6Yvzm-WRCZYM2\
         aX2dEhWrL4ur47Qnw5X4MYTrzr9t2WpurCZPEcVseIfD3p_KVaR6DLh0gGabevf2N6KdfMFqJwycBDGw\
         32rGyrB6EKK62UcrkBtIvPsi8h-u7eqTHzzCxzmX3AGyzmB61-S97fNUMuOhqrga_I9bFwy0TwYNqXRU\
         QSUsntfHH8Cxo2QaxpgsLw";
    const RSA_TOKEN: &str = "eyJhbGciOiAiUlMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiciJ9.eyJyb2xlIjogIndlYiJ9.WL\
         CJexykPPLeRc8feEBFDjhIPZk9DfZX7zAI2YYexXSmyfTlFcZUaTUDvtParVLpxVhzHRn8k3f0X_twlW\
         cOvfGw98xNBHQJUX2XORGyXe-3i3Rp9r_r9mtts2l0qlQB8cgr2XSf1uz1YovqmWzTYXl2mKhJLMYh2c\
         aAN598agAv7qq6xjCmfrGTOclnGmbtxPhpYy7Gf56izw_xQfMV51iAgmXqofG2Rn_ZCeWBZFd_mOvLkE\
         ePwG700h-oKtVSEw-yj81e3BuxDSpsPWO8WH27VN_iJCpbGcQ_6DT7jnxzn-0_c2XdjdnK7LndoNeeLm\
         nMba9ZifKrf7kzYMxCDQ";
    const EC_TOKEN: &str = "eyJhbGciOiAiRVMyNTYifQ.eyJyb2xlIjogIndlYiJ9.kucZJELD9vb58K46UMM6fymvLEGiuwvG25UB\
         Now8QD4IL-Sw6AOp1L98BMfhrteMK6nJJo0_Xa_QJ1V3Yw_6-g";
}
