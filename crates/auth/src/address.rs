//! E-mail addresses and phone numbers as users give them.

use crate::error::AuthError;

/// An address, checked and in lower case.
pub(crate) fn email(text: &str) -> Result<String, AuthError> {
    if text.is_empty() {
        return Err(AuthError::validation("An email address is required"));
    }
    if text.len() > 255 {
        return Err(AuthError::validation("An email address is too long"));
    }
    if !has_email_format(text) {
        let words = "Unable to validate email address: invalid format";
        return Err(AuthError::validation(words));
    }
    Ok(text.to_lowercase())
}

/// HTML's rule for addresses, which upstream uses.
fn has_email_format(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_byte = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    let label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-')
    };
    !local.is_empty() && local.bytes().all(local_byte) && domain.split('.').all(label)
}

/// A phone number in E.164, without the plus.
pub(crate) fn phone(text: &str) -> Result<String, AuthError> {
    let phone = plain_phone(text);
    let digits = phone.bytes().all(|b| b.is_ascii_digit());
    if digits && (2..=15).contains(&phone.len()) && !phone.starts_with('0') {
        Ok(phone)
    } else {
        Err(AuthError::validation(
            "Invalid phone number format (E.164 required)",
        ))
    }
}

/// A phone number without its plus and spaces.
pub(crate) fn plain_phone(text: &str) -> String {
    text.strip_prefix('+').unwrap_or(text).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_lowered() {
        assert_eq!(email("A.b+c@Example.COM").unwrap(), "a.b+c@example.com");
        assert_eq!(email("a@localhost").unwrap(), "a@localhost");
        for bad in [
            "a", "@b.c", "a@", "a b@c.d", "a@b..c", "a@-b.c", "a@b@c", "ä@b.c",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert_eq!(
            email("").unwrap_err().to_string(),
            "An email address is required"
        );
    }

    #[test]
    fn phone_numbers_are_e164() {
        assert_eq!(phone("+86 138 0013 8000").unwrap(), "8613800138000");
        for bad in ["", "1", "0123", "+86x", "1234567890123456"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
    }
}
