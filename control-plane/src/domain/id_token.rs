//! ID tokens of OpenID Connect: whether the provider has signed one, for this service and for this very sign-in.
//!
//! `ring` verifies the signature; what is here says which key it is, and reads the claims. The crates for this bring their own
//! cryptography, or one for each algorithm that any provider could have: docs/adr/0010-signing-in-at-a-provider.md.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::time::Moment;

/// Seconds by which the clocks of both may differ.
const LEEWAY: f64 = 60.0;

/// Why nobody is let in by an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not three parts of base64 with JSON in them.
    #[error("it cannot be read")]
    Form,
    /// No key of the provider's has signed it, or by an algorithm that is not taken.
    #[error("no key of the provider's has signed it")]
    Signature,
    /// The claim is missing, or says something else than it must.
    #[error("its claim '{0}' is not what it must be")]
    Claim(&'static str),
}

/// The claims that a token must have.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// In answer to which request.
    pub nonce: &'a str,
    /// The time.
    pub now: Moment,
}

/// A key of a provider (RFC 7517). Kinds that are not taken are read and never fit.
#[derive(Clone, Debug, Deserialize)]
pub struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The claims of a token that is good.
#[derive(Debug)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// The text of a claim; none if it is something else, or nothing.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The texts of a claim that is a list, or one text.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        texts(self.0.get(name))
    }

    fn number(&self, name: &'static str) -> Result<Option<f64>, BadToken> {
        let claim = self.0.get(name);
        claim.map(|claim| claim.as_f64().ok_or(BadToken::Claim(name))).transpose()
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims of a token that these keys have signed and that says what it must.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn verify(token: &str, keys: &[Key], expected: Expected<'_>) -> Result<Claims, BadToken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(BadToken::Form)?;
    let header: Header = json(header)?;
    if header.crit.is_some() {
        return Err(BadToken::Form);
    }
    let signature = bytes(signature).ok_or(BadToken::Form)?;
    let mut fitting = keys.iter().filter(|key| key.may_sign(&header));
    if !fitting.any(|key| key.has_signed(&header.alg, signed.as_bytes(), &signature)) {
        return Err(BadToken::Signature);
    }
    let claims = Claims(json(claims)?);
    says(&claims, expected)?;
    Ok(claims)
}

/// OpenID Connect Core 1.0, 3.1.3.7.
fn says(claims: &Claims, expected: Expected<'_>) -> Result<(), BadToken> {
    let must = |holds: bool, name| if holds { Ok(()) } else { Err(BadToken::Claim(name)) };
    must(claims.text("iss") == Some(expected.issuer), "iss")?;
    let audience = claims.texts("aud");
    must(audience.contains(&expected.client_id), "aud")?;
    let authorized = claims.0.get("azp").map_or(audience.len() == 1, |azp| azp.as_str() == Some(expected.client_id));
    must(authorized, "azp")?;
    must(claims.text("sub").is_some_and(|subject| subject.len() <= 255), "sub")?;
    must(claims.text("nonce") == Some(expected.nonce), "nonce")?;
    #[expect(clippy::cast_precision_loss, reason = "of microseconds: the next seconds are far from where it begins")]
    let now = expected.now.0 as f64 / 1e6;
    must(claims.number("exp")?.is_some_and(|end| now < end + LEEWAY), "exp")?;
    must(claims.number("iat")?.is_some_and(|made| made - LEEWAY <= now), "iat")?;
    must(claims.number("nbf")?.is_none_or(|begin| begin - LEEWAY <= now), "nbf")
}

impl Key {
    fn may_sign(&self, header: &Header) -> bool {
        let is = |said: &Option<String>, wanted: &str| said.as_deref().is_none_or(|said| said == wanted);
        let is_named = header.kid.as_deref().is_none_or(|kid| is(&self.kid, kid));
        is_named && is(&self.usage, "sig") && is(&self.alg, &header.alg)
    }

    fn has_signed(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        let rsa = |parameters: &RsaParameters| {
            let (Some(n), Some(e)) = (field(&self.n), field(&self.e)) else { return false };
            self.kty == "RSA" && RsaPublicKeyComponents { n, e }.verify(parameters, signed, signature).is_ok()
        };
        match algorithm {
            "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "ES256" => {
                let (Some(x), Some(y)) = (field(&self.x), field(&self.y)) else { return false };
                let point = [&[4], x.as_slice(), &y].concat();
                let key = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point);
                self.kty == "EC" && self.crv.as_deref() == Some("P-256") && key.verify(signed, signature).is_ok()
            }
            _ => false,
        }
    }
}

fn field(text: &Option<String>) -> Option<Vec<u8>> {
    text.as_deref().and_then(bytes)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, BadToken> {
    serde_json::from_slice(&bytes(part).ok_or(BadToken::Form)?).map_err(|_| BadToken::Form)
}

fn texts(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://id.example.com",
        client_id: "lictor",
        nonce: "n-1",
        now: Moment(1_000_000_000_000),
    };

    fn pair() -> (EcdsaKeyPair, Key) {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "k", "use": "sig", "x": x, "y": y});
        (pair, serde_json::from_value(key).unwrap())
    }

    fn token(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn claims(changed: &Value) -> Value {
        let mut claims = json!({"iss": "https://id.example.com", "aud": "lictor", "sub": "ada", "nonce": "n-1",
            "iat": 1_000_000, "exp": 1_000_600, "groups": ["a", "b"]});
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    #[test]
    fn a_token_lets_in_only_with_every_claim_as_it_must_be() {
        let (pair, key) = pair();
        let check = |changed: Value| {
            let token = token(&pair, &json!({"alg": "ES256", "kid": "k"}), &claims(&changed));
            verify(&token, std::slice::from_ref(&key), EXPECTED)
        };
        let good = check(json!({})).unwrap();
        assert_eq!((good.text("sub"), good.texts("groups")), (Some("ada"), vec!["a", "b"]));
        for good in [
            json!({"aud": ["lictor", "other"], "azp": "lictor"}),
            json!({"exp": 999_941}),
            json!({"iat": 1_000_059, "nbf": 1_000_059}),
        ] {
            assert!(check(good.clone()).is_ok(), "{good}");
        }
        for (changed, claim) in [
            (json!({"iss": "https://id.example.com/"}), "iss"),
            (json!({"aud": "other"}), "aud"),
            (json!({"aud": null}), "aud"),
            (json!({"aud": ["lictor", "other"]}), "azp"),
            (json!({"azp": "other"}), "azp"),
            (json!({"sub": ""}), "sub"),
            (json!({"sub": 7}), "sub"),
            (json!({"nonce": "n-2"}), "nonce"),
            (json!({"nonce": null}), "nonce"),
            (json!({"exp": 999_940}), "exp"),
            (json!({"exp": "1000600"}), "exp"),
            (json!({"exp": null}), "exp"),
            (json!({"iat": 1_000_061}), "iat"),
            (json!({"nbf": 1_000_061}), "nbf"),
        ] {
            assert_eq!(check(changed.clone()).unwrap_err(), BadToken::Claim(claim), "{changed}");
        }
    }

    #[test]
    fn a_token_lets_in_only_with_the_providers_signature() {
        let ((own, key), (other, other_key)) = (pair(), pair());
        let header = json!({"alg": "ES256", "kid": "k"});
        let good = token(&own, &header, &claims(&json!({})));
        assert!(verify(&good, &[other_key.clone(), key.clone()], EXPECTED).is_ok(), "keys may share a name");
        let check = |token: &str| verify(token, std::slice::from_ref(&key), EXPECTED).unwrap_err();
        assert_eq!(check(&token(&other, &header, &claims(&json!({})))), BadToken::Signature);
        for header in [
            json!({"alg": "none", "kid": "k"}),
            json!({"alg": "HS256", "kid": "k"}),
            json!({"alg": "RS256", "kid": "k"}),
            json!({"alg": "ES256", "kid": "another"}),
        ] {
            assert_eq!(check(&token(&own, &header, &claims(&json!({})))), BadToken::Signature, "{header}");
        }
        let critical = json!({"alg": "ES256", "crit": ["x"]});
        assert_eq!(check(&token(&own, &critical, &claims(&json!({})))), BadToken::Form);
        let (signed, _) = good.rsplit_once('.').unwrap();
        for (bad, why) in [
            (format!("{signed}."), BadToken::Signature),
            (signed.to_owned(), BadToken::Form),
            ("a.b.c".to_owned(), BadToken::Form),
            (String::new(), BadToken::Form),
        ] {
            assert_eq!(check(&bad), why, "{bad}");
        }
        let mut for_encryption = key.clone();
        for_encryption.usage = Some("enc".to_owned());
        assert_eq!(verify(&good, &[for_encryption], EXPECTED).unwrap_err(), BadToken::Signature);
    }
}
