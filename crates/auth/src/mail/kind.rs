//! The occasions of mails, under upstream's names.

/// An occasion of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A new user confirms the address.
    Confirmation,
    /// Somebody is invited.
    Invite,
    /// A link to set a new password.
    Recovery,
    /// A link to sign in by.
    MagicLink,
    /// A new address is confirmed.
    EmailChange,
    /// A code that proves who is there.
    Reauthentication,
    /// The password was changed.
    PasswordChanged,
    /// The address was changed; goes to the old one.
    EmailChanged,
    /// The phone number was changed.
    PhoneChanged,
    /// An identity was removed.
    IdentityUnlinked,
    /// A second factor was added.
    FactorEnrolled,
    /// A second factor was removed.
    FactorUnenrolled,
}

impl MailKind {
    /// All occasions, in the order in which the console shows them.
    pub const ALL: [Self; 12] = [
        Self::Confirmation,
        Self::Invite,
        Self::MagicLink,
        Self::EmailChange,
        Self::Recovery,
        Self::Reauthentication,
        Self::PasswordChanged,
        Self::EmailChanged,
        Self::PhoneChanged,
        Self::IdentityUnlinked,
        Self::FactorEnrolled,
        Self::FactorUnenrolled,
    ];

    /// The name of its template.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magic_link",
            Self::EmailChange => "email_change",
            Self::Reauthentication => "reauthentication",
            Self::PasswordChanged => "password_changed_notification",
            Self::EmailChanged => "email_changed_notification",
            Self::PhoneChanged => "phone_changed_notification",
            Self::IdentityUnlinked => "identity_unlinked_notification",
            Self::FactorEnrolled => "mfa_factor_enrolled_notification",
            Self::FactorUnenrolled => "mfa_factor_unenrolled_notification",
        }
    }

    /// The occasion whose template has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What links and hooks call it.
    pub fn action(self) -> &'static str {
        match self {
            Self::Confirmation => "signup",
            Self::MagicLink => "magiclink",
            other => other.name(),
        }
    }

    /// The words of a failure to send it.
    pub(crate) fn failure(self) -> &'static str {
        match self {
            Self::Confirmation => "Error sending confirmation email",
            Self::Invite => "Error sending invite email",
            Self::Recovery => "Error sending recovery email",
            Self::MagicLink => "Error sending magic link email",
            Self::EmailChange => "Error sending email change email",
            Self::Reauthentication => "Error sending reauthentication email",
            Self::PasswordChanged => "Error sending password changed notification email",
            Self::EmailChanged => "Error sending email changed notification email",
            Self::PhoneChanged => "Error sending phone changed notification email",
            Self::IdentityUnlinked => "Error sending identity unlinked notification email",
            Self::FactorEnrolled => "Error sending MFA factor enrolled notification email",
            Self::FactorUnenrolled => "Error sending MFA factor unenrolled notification email",
        }
    }

    /// True where nothing is asked of the user.
    pub(crate) fn is_notification(self) -> bool {
        self.name().ends_with("_notification")
    }
}
