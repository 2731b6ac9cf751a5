//! Which names buckets and objects may have, and the sizes and types that a bucket may ask for.

use crate::error::StorageError;

/// Longest object name in bytes, as S3 has it; also what an index of PostgreSQL can hold.
const MAX_KEY_BYTES: usize = 1024;

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_!.*'() &$=@;:+,?-".contains(c)
}

/// Checks an object's name. Names reach no file system (see `backend`), yet `.` and `..` segments
/// are refused: nothing good is ever called so.
///
/// # Errors
/// [`StorageError::InvalidKey`].
pub(crate) fn check_key(name: &str) -> Result<(), StorageError> {
    let valid = !name.is_empty()
        && name.len() <= MAX_KEY_BYTES
        && name.chars().all(|c| c == '/' || is_key_char(c))
        && !name
            .split('/')
            .any(|segment| segment == "." || segment == "..");
    if valid {
        Ok(())
    } else {
        Err(StorageError::InvalidKey(name.to_owned()))
    }
}

/// Checks a bucket's name.
///
/// # Errors
/// [`StorageError::InvalidBucketName`].
pub(crate) fn check_bucket(name: &str) -> Result<(), StorageError> {
    let valid = !name.is_empty() && name.len() <= 100 && name.chars().all(is_key_char);
    if valid {
        Ok(())
    } else {
        Err(StorageError::InvalidBucketName)
    }
}

/// Checks the name of a bucket that is to be made.
///
/// # Errors
/// [`StorageError::InvalidBucketName`].
pub(crate) fn check_new_bucket(name: &str) -> Result<(), StorageError> {
    check_bucket(name)?;
    // The suffix is reserved for catalogue buckets upstream.
    if name.trim() == name && !name.ends_with("--iceberg") && name != "." && name != ".." {
        Ok(())
    } else {
        Err(StorageError::InvalidBucketName)
    }
}

/// True for the objects that clients create to make an empty folder visible.
pub(crate) fn is_empty_folder(name: &str) -> bool {
    name.ends_with(".emptyFolderPlaceholder")
}

/// `20mb` as 20,000,000: units are decimal, three digits count.
///
/// # Errors
/// [`StorageError::InvalidRequest`] for any other text.
pub(crate) fn parse_size(text: &str) -> Result<u64, StorageError> {
    let lower = text.to_ascii_lowercase();
    let units = [("gb", 1e9), ("mb", 1e6), ("kb", 1e3), ("b", 1.0)];
    let parsed = units.iter().find_map(|(suffix, factor)| {
        let number = lower.strip_suffix(suffix)?;
        let digits = number.chars().all(|c| c.is_ascii_digit() || c == '.')
            && number.starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit());
        let value: f64 = digits.then(|| number.parse().ok())??;
        Some((three_digits(value) * factor) as u64)
    });
    parsed.ok_or_else(|| {
        let hint = "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B";
        StorageError::InvalidRequest(hint.to_owned())
    })
}

/// Rounds to three significant digits.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let scale = 10f64.powi(2 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// Checks a type that a bucket is to allow: `image/png`, `image/*`, `*`.
///
/// # Errors
/// [`StorageError::InvalidMimeType`].
pub(crate) fn check_allowed_type(text: &str) -> Result<(), StorageError> {
    let token = |t: &str| {
        !t.is_empty()
            && t.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-+.".contains(c))
    };
    let full = |t: &str| {
        let (kind, rest) = t.split_once('/')?;
        let (sub, charset) = match rest.split_once(';') {
            None => (rest, None),
            Some((sub, charset)) => (sub, Some(charset)),
        };
        let charset_ok = charset.is_none_or(|c| {
            c.trim_start().strip_prefix("charset=").is_some_and(|c| {
                !c.is_empty() && c.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
        });
        Some(token(kind) && token(sub) && charset_ok)
    };
    if text.chars().count() <= 1000 && (text.ends_with('*') || full(text) == Some(true)) {
        Ok(())
    } else {
        Err(StorageError::InvalidMimeType(text.to_owned()))
    }
}

/// Checks an upload's type against those that its bucket allows; an empty list allows all.
///
/// # Errors
/// [`StorageError::InvalidMimeType`].
pub(crate) fn check_type(mime: &str, allowed: &[String]) -> Result<(), StorageError> {
    if allowed.is_empty() {
        return Ok(());
    }
    let refused = || StorageError::InvalidMimeType(mime.to_owned());
    let mut parts = mime.split('/');
    let (Some(kind), Some(sub)) = (parts.next(), parts.next()) else {
        return Err(refused());
    };
    let matches = allowed.iter().any(|allowed| {
        let mut parts = allowed.split('/');
        parts.next() == Some(kind) && parts.next().is_some_and(|s| s == "*" || s == sub)
    });
    if matches { Ok(()) } else { Err(refused()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for good in [
            "a",
            "folder/cat.png",
            "a b/c(1)!.png",
            "a//b",
            "..a/b..",
            "a?b=c&d",
        ] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        let long = "a".repeat(1025);
        for bad in [
            "",
            "..",
            "a/../b",
            "./a",
            "头像.png",
            "a\0b",
            "a\\b",
            "a%2e",
            "a#b",
            &long,
        ] {
            assert!(check_key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn buckets() {
        for good in ["images", "my bucket", "A.b-c"] {
            assert!(check_new_bucket(good).is_ok(), "{good}");
        }
        let long = "b".repeat(101);
        for bad in ["", "a/b", " a", "a ", "图片", "..", &long] {
            assert!(check_new_bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_decimal() {
        assert_eq!(parse_size("20mb").unwrap(), 20_000_000);
        assert_eq!(parse_size("1.5KB").unwrap(), 1500);
        assert_eq!(parse_size("3B").unwrap(), 3);
        assert_eq!(parse_size("1GB").unwrap(), 1_000_000_000);
        for bad in ["", "20", "mb", "20 mb", "-1mb", "1.mb", "1e3b", ".5mb"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types() {
        let allowed = ["image/*".to_owned(), "text/plain".to_owned()];
        assert!(check_type("image/png", &allowed).is_ok());
        assert!(check_type("text/plain", &allowed).is_ok());
        assert!(check_type("text/html", &allowed).is_err());
        assert!(check_type("image", &allowed).is_err());
        assert!(check_type("anything", &[]).is_ok());
        assert!(check_allowed_type("image/*").is_ok());
        assert!(check_allowed_type("text/plain; charset=utf-8").is_ok());
        assert!(check_allowed_type("image").is_err());
    }
}
